import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { all, one, root, settle, text, useStage } from "../../../tests/support/stage";
import { type Api, ApiError } from "../../protocol/api";
import type { RecordingBody } from "../../protocol/generated";
import type { RecordingList as Recordings, RestRecording } from "../../protocol/rest";
import { Asker } from "../../ui/dialog";
import type { Book, Tab } from "../book";
import { INITIAL, type SessionState } from "../state";
import { RecordingList } from "./list";
import { Recorder } from "./recorder";
import { length } from "./told";

const recording = (more: Partial<RestRecording> = {}): RestRecording => ({
  id: "r1",
  container: "c",
  container_name: "box",
  terminal: "console",
  terminal_name: "",
  title: "",
  started_at: "2026-01-31T12:00:00.000Z",
  ended_at: "2026-01-31T12:00:07.000Z",
  seconds: 7,
  bytes: 2048,
  cols: 80,
  rows: 24,
  ended: "stopped",
  ...more,
});
const kept = (...recordings: RestRecording[]): Recordings => ({
  recordings,
  bytes_used: 50 * 2 ** 20,
  bytes_allowed: 200 * 2 ** 20,
  recording_bytes: 50 * 2 ** 20,
  days: 30,
});
const body: RecordingBody = { id: "r1", started_at: 1, by: "ann" };

type Calls = Pick<
  Api,
  "recordings" | "recording" | "startRecording" | "stopRecording" | "deleteRecording" | "saveCast"
>;
let api: { [Name in keyof Calls]: ReturnType<typeof vi.fn<Calls[Name]>> };

useStage();

beforeEach(() => {
  api = {
    recordings: vi.fn(async () => kept(recording())),
    recording: vi.fn(async () => recording()),
    startRecording: vi.fn(async () => recording({ ended: null })),
    stopRecording: vi.fn(async () => recording()),
    deleteRecording: vi.fn(async () => undefined),
    saveCast: vi.fn(async () => undefined),
  };
});

const recorder = () => new Recorder(api as unknown as Api, "c");
/** Presses it once it is there and is not waiting for what was pressed before. */
const click = (label: string, within = "") =>
  vi.waitFor(() =>
    act(() => {
      const found = all(`${within} button:not([aria-disabled=true])`).find(
        (button) => button.textContent === label || button.getAttribute("aria-label")?.startsWith(label),
      );
      if (!found) throw new Error(`no button ${label}`);
      found.click();
    }),
  );

describe("a recording", () => {
  it("is explained once, begun once, and not at all when it is declined", async () => {
    act(() => render(<Asker />, root));
    const one = recorder();
    const declined = one.start("console", "bash");
    await vi.waitFor(() => expect(text("dialog")).toContain("never kept"));
    expect(text("dialog")).toContain("50 MiB of your 200 MiB");
    expect(text("dialog")).toContain("30 days");
    await click("Cancel");
    await declined;
    expect(api.startRecording).not.toHaveBeenCalled();

    const begun = one.start("console", "bash");
    await one.start("console", "bash"); // a second click while the first is under way
    await click("Start recording");
    await begun;
    expect(api.startRecording).toHaveBeenCalledExactlyOnceWith("c", "console", "bash");

    await one.start("console", "bash");
    expect(api.startRecording).toHaveBeenCalledTimes(2);
  });

  it("that cannot be begun says why; one that ended meanwhile is no failure to end it", async () => {
    const one = recorder();
    api.startRecording.mockRejectedValue(new ApiError("limit-reached", "no space", 409, null, "Delete a recording."));
    await one.start("console", "bash");
    expect(one.failed.peek().get("console")).toMatchObject({ detail: "Delete a recording.", next: "none" });
    api.stopRecording.mockRejectedValue(new ApiError("not-found", "none", 404));
    await one.stop("console");
    expect(one.failed.peek().size).toBe(0);
  });

  it("is told when it ends, whoever ended it and wherever its tab is", async () => {
    const state = signal<SessionState>({ ...INITIAL, phase: "live" });
    const tab = { id: "console", parts: signal({ session: { state } }) } as unknown as Tab;
    const one = recorder();
    const stop = one.watch({ tabs: signal([tab]) } as unknown as Book);
    api.recording.mockResolvedValueOnce(recording({ ended: null })).mockResolvedValue(recording({ ended: "quota" }));
    state.value = { ...state.value, recording: body };
    expect(one.over.peek().size).toBe(0);
    state.value = { ...state.value, recording: null };
    await vi.waitFor(() => expect(one.over.peek().get("console")?.ended).toBe("quota"), { timeout: 3000 });
    one.dismiss("console");
    state.value = { ...state.value, recording: body };
    state.value = { ...state.value, phase: "ended" };
    await vi.waitFor(() => expect(one.over.peek().size).toBe(1));
    stop();
  });
});

describe("the list of recordings", () => {
  const show = async (present: readonly string[] = []) => {
    act(() =>
      render(
        <>
          <RecordingList api={api as unknown as Api} present={new Set(present)} onPlay={null} />
          <Asker />
        </>,
        root,
      ),
    );
    await settle();
  };

  it("says how to make one where there is none", async () => {
    api.recordings.mockResolvedValue(kept());
    await show();
    expect(text(".recordings-none")).toContain("Record this terminal");
  });

  it("names what is live, whose container is gone, and what is used", async () => {
    api.recordings.mockResolvedValue(
      kept(recording({ id: "a", ended: null }), recording({ id: "b", container: "gone", title: "<b>\u202e" })),
    );
    await show(["c"]);
    const [live, old] = all(".recording-row");
    expect(live?.textContent).toContain("Live");
    expect(live?.querySelector("a[href='/playground/c/c']")).not.toBeNull();
    expect(old?.textContent).toContain("(deleted)");
    expect(old?.textContent).toContain("<b>\\u202e");
    expect(root.querySelector("a[href='/playground/c/gone']")).toBeNull();
    expect(one<HTMLMeterElement>("meter").labels?.[0]?.textContent).toContain("50 MiB of 200 MiB");
  });

  it("deletes after a question only, and says why it could not", async () => {
    await show();
    await click("Delete ");
    await click("Cancel");
    await settle();
    expect(api.deleteRecording).not.toHaveBeenCalled();
    api.deleteRecording.mockRejectedValue(new ApiError("offline", "", 0));
    await click("Delete ");
    await click("Delete", "dialog");
    await vi.waitFor(() => expect(text(".notice")).toContain("The recording was not deleted"));
    expect(api.deleteRecording).toHaveBeenCalledExactlyOnceWith("r1");
  });

  it("says that it could not be read, with a way to try again", async () => {
    api.recordings.mockRejectedValueOnce(new ApiError("worker-unavailable", "away", 503));
    await show();
    expect(text(".notice")).toContain("could not be listed");
    await click("Try again");
    await vi.waitFor(() => expect(all(".recording-row").length).toBe(1));
  });
});

it("tells lengths as players do", () => {
  expect([0, 7.9, 65, 3723].map(length)).toEqual(["0:00", "0:07", "1:05", "1:02:03"]);
});
