import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { all, one, press, root, settle, text, useStage } from "../../../tests/support/stage";
import { setLanguage } from "../../i18n/index";
import { ApiError } from "../../protocol/api";
import type { Change, Entry, Event, FileView, Provenance, Snapshot } from "../../protocol/generated";
import type { LiveMessage } from "../../protocol/live";
import recording from "../../state/fixtures/session.json";
import { LiveStore } from "../../state/live";
import type { Calls } from "../context";
import { Panels } from "../panels";
import { explained, graphDriver, split } from "./mount_options";
import { follow, join, modeWord, parentOf, visible } from "./text";

const messages = recording.messages as unknown as LiveMessage[];
const NASTY = "/tmp/<img src=x onerror=alert(1)>\u001b]0;owned\u0007\u202etxt\nx";

const entry = (name: string, more: Partial<Entry> = {}): Entry => ({
  name,
  type: "file",
  mode: 0o644,
  uid: 0,
  gid: 0,
  size_bytes: 12,
  blocks_bytes: 4096,
  modified_at: 1_770_000_000,
  metacopy: false,
  ...more,
});

const directory = (path: string, entries: Entry[], more: Partial<FileView> = {}): FileView => ({
  path,
  layer: "merged",
  entry: entry(path, { type: "dir", mode: 0o755 }),
  entries,
  binary: false,
  truncated: false,
  ...more,
});

const file = (path: string, text: string, more: Partial<FileView> = {}): FileView => ({
  path,
  layer: "merged",
  entry: entry(path),
  text,
  binary: false,
  truncated: false,
  ...more,
});

const CHANGES: Record<string, Change> = {
  "/etc/motd": { kind: "copied_up", type: "file", size_bytes: 288, blocks_bytes: 4096 },
  [NASTY]: { kind: "created", type: "file", size_bytes: 1, blocks_bytes: 4096 },
};

let store: LiveStore;
let calls: { [Name in "file" | "provenance"]: ReturnType<typeof vi.fn<Calls[Name]>> };

useStage();

beforeEach(() => {
  store = new LiveStore();
  calls = { file: vi.fn(), provenance: vi.fn() };
  for (const message of messages.slice(0, 5)) store.apply(message);
  store.patch({ host: { overlay: { changes: CHANGES } } });
});

function show(asked: Partial<Calls> | null = calls): void {
  act(() => render(<Panels store={store} source={vi.fn()} calls={asked as Calls | null} />, root));
}

async function open(selector: string): Promise<void> {
  act(() => {
    const details = one(selector) as HTMLDetailsElement;
    details.open = true;
    details.dispatchEvent(new Event_("toggle"));
  });
  await settle();
}
const Event_ = globalThis.Event; // the kernel's events have the name in this file
const tell = (...events: Event[]): void => {
  act(() => store.happened(events));
};

describe("arrivals", () => {
  it("come in with sign and word, newest first, and only the new ones move", () => {
    tell({ seq: 1, at: 1, kind: "created", path: "/old" });
    show();
    tell(
      { seq: 2, at: 2, kind: "copied_up", path: "/etc/motd", layer: "2", bytes: 288 },
      { seq: 3, at: 3, kind: "whiteout", path: "/etc/issue", layer: "1" },
      { seq: 4, at: 4, kind: "opaque", path: "/etc/apt" },
      { seq: 5, at: 5, kind: "renamed", path: "/a", to: "/b" },
      { seq: 6, at: 6, kind: "born", pid: 5 },
    );
    const rows = all(".ov-arrival");
    expect(rows.map((row) => row.querySelector(".ov-deed")?.textContent?.trim())).toEqual([
      "→ renamed",
      "◼ opaque",
      "✕ whiteout",
      "↑ copied up",
      "+ created",
    ]);
    expect(rows.map((row) => row.dataset.fresh)).toEqual(["true", "true", "true", "true", undefined]);
    expect(rows[3]?.textContent).toContain("from lowerdir 3");
    expect(rows[2]?.textContent).toContain("hides that of lowerdir 2");
    expect(rows[0]?.textContent).toContain("/b");
  });

  it("keep a hostile name harmless", () => {
    show();
    tell({ seq: 1, at: 1, kind: "created", path: NASTY });
    expect(root.querySelector("img")).toBeNull();
    expect(text(".ov-arrived")).toBe("/tmp/<img src=x onerror=alert(1)>\\x1b]0;owned\\x07\\u202etxt\\nx");
  });

  it("are not drawn anew by what is no file", () => {
    show();
    tell({ seq: 1, at: 1, kind: "created", path: "/hello" });
    const before = one(".ov-arrival");
    tell({ seq: 2, at: 2, kind: "born", pid: 7 }, { seq: 3, at: 3, kind: "died", pid: 7 });
    expect(one(".ov-arrival")).toBe(before);
    expect(all(".ov-arrival")).toHaveLength(1);
  });
});

describe("where a path comes from", () => {
  const deleted: Provenance = {
    path: "/etc/issue",
    resolved: "/etc/issue",
    verdict: "deleted",
    sightings: [
      { layer: "upper", title: "upper", found: "whiteout", type: "device", metacopy: false },
      { layer: "0", title: "init layer", found: "covered", metacopy: false },
      {
        layer: "1",
        title: "Debian 12 (bookworm): the smallest system that has apt",
        found: "hidden",
        type: "file",
        size_bytes: 1_048_576,
        blocks_bytes: 4096,
        metacopy: false,
        path: "/etc/before",
      },
    ],
  };

  it("is asked by clicking an entry, and told layer by layer", async () => {
    calls.provenance.mockResolvedValue(deleted);
    show();
    act(() => one('[data-thing="file:/etc/motd"] .ov-name').click());
    await settle();
    expect(calls.provenance).toHaveBeenCalledWith("/etc/motd");
    expect(text(".pv-verdict")).toContain("Deleted: a whiteout hides it");
    const layers = all(".pv-layer").map((layer) => layer.querySelector(".pv-word")?.textContent?.trim());
    expect(layers).toEqual(["✕ whiteout", "⊘ covered", "◌ hidden"]);
    expect(all(".pv-layer")[2]?.textContent).toContain("1 MiB long, 4 KiB really taken");
    expect(all(".pv-layer")[2]?.textContent).toContain("It has holes");
    expect(all(".pv-layer")[2]?.textContent).toContain("/etc/before");
  });

  it("asks for the very path, however it must be shown", async () => {
    calls.provenance.mockResolvedValue(deleted);
    show();
    const rows = all(".ov-item");
    act(() =>
      rows
        .find((row) => row.dataset.thing === `file:${NASTY}`)
        ?.querySelector<HTMLElement>(".ov-name")
        ?.click(),
    );
    await settle();
    expect(calls.provenance).toHaveBeenLastCalledWith(NASTY);
    act(() => {
      one(".pv-form").dispatchEvent(new Event_("submit", { bubbles: true, cancelable: true }));
    });
    await settle();
    expect(calls.provenance).toHaveBeenLastCalledWith(NASTY);
  });

  it("says why there is no answer, and asks again", async () => {
    calls.provenance.mockRejectedValueOnce(new ApiError("offline", "no", 0)).mockResolvedValue(deleted);
    show();
    act(() => one('[data-thing="file:/etc/motd"] .ov-name').click());
    await settle();
    expect(text(".pv [role=alert]")).toContain("The server did not answer");
    act(() => one(".pv [role=alert] .mini").click());
    await settle();
    expect(text(".pv-verdict")).toContain("Deleted");
  });

  it("says so where nobody can be asked", () => {
    show(null);
    expect(text(".pv")).toContain("needs a connection");
    expect(root.querySelector(".ov-slab .mini")).toBeNull();
  });
});

describe("files", () => {
  const top = directory("/", [
    entry("bin", { type: "symlink", target: "usr/bin", mode: 0o777 }),
    entry("etc", { type: "dir", mode: 0o755, mark: "copied_up" }),
    entry("<b>x</b>\u001b[31m"),
    entry("gone", { type: "device", mark: "whiteout", mode: 0 }),
  ]);

  it("lists what each entry is, and reads nothing before it is opened", async () => {
    calls.file.mockResolvedValue(top);
    show();
    expect(calls.file).not.toHaveBeenCalled();
    await open(".fv");
    expect(calls.file).toHaveBeenCalledWith("/", "merged");
    const rows = all(".fv-table tbody tr");
    expect(rows[0]?.textContent).toContain("bin → usr/bin");
    expect(rows[1]?.textContent).toContain("↑ copied up");
    expect(rows[1]?.textContent).toContain("drwxr-xr-x");
    expect(rows[2]?.querySelector("b")).toBeNull();
    expect(rows[2]?.textContent).toContain("<b>x</b>\\x1b[31m");
    expect(rows[3]?.className).toBe("gone");
  });

  it("is walked with the keys: down, in, and up to where one came from", async () => {
    calls.file.mockImplementation(async (path) => (path === "/" ? top : directory("/etc", [entry("passwd")])));
    show();
    await open(".fv");
    const names = () => all(".fv-name");
    expect(names().filter((name) => name.tabIndex === 0)).toHaveLength(1);
    act(() => names()[0]?.focus());
    press(names()[0] as Element, "ArrowDown");
    expect(document.activeElement).toBe(names()[1]);
    act(() => {
      for (const key of ["End", "ArrowUp", "ArrowUp"]) {
        document.activeElement?.dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true }));
      }
    });
    expect(document.activeElement).toBe(names()[1]); // three keys between two drawings, and none is lost
    press(names()[1] as Element, "ArrowRight");
    await settle();
    expect(calls.file).toHaveBeenLastCalledWith("/etc", "merged");
    expect(document.activeElement?.textContent).toBe("passwd");
    press(document.activeElement as Element, "Backspace");
    await settle();
    expect(document.activeElement?.textContent).toBe("etc/");
  });

  it("shows another layer by choosing it, at the same path", async () => {
    calls.file.mockResolvedValue(top);
    show();
    await open(".fv");
    act(() => all(".fv-layers input")[1]?.click());
    await settle();
    expect(calls.file).toHaveBeenLastCalledWith("/", "upper");
  });

  it("lets no content be markup or act on a terminal", async () => {
    calls.file.mockResolvedValue(
      file("/x", "<script>alert(1)</script>\n\u001b[2J\u0000\u202ea\tb", { truncated: true }),
    );
    show();
    await open(".fv");
    expect(root.querySelector("script")).toBeNull();
    expect(one(".fv-text").textContent).toBe("<script>alert(1)</script>\n\\x1b[2J\\x00\\u202ea\tb");
    expect(text(".fv-content")).toContain("The first 64 KiB");
  });

  it("has a file of the merged root downloaded, once, and says why not", async () => {
    let fail = (_: unknown) => undefined as unknown;
    const save = vi.fn<Calls["save"]>(() => new Promise((_, reject) => (fail = reject)));
    calls.file.mockResolvedValue(file("/etc/motd", "hi"));
    show({ ...calls, save });
    await open(".fv");
    const button = one<HTMLButtonElement>(".fv-download button");
    act(() => button.click());
    act(() => button.click());
    expect(save).toHaveBeenCalledExactlyOnceWith("/etc/motd");
    fail(new ApiError("wrong-state", "stopped", 409));
    await settle();
    expect(text(".fv-download [role=alert]")).toContain("Start it, and ask again");
  });

  it.each([
    [file("/e", "x", { layer: "upper" })],
    [file("/w", "", { text: null, entry: entry("w", { type: "device", mark: "whiteout" }) })],
    [file("/l", "", { text: null, entry: entry("l", { type: "symlink", target: "/etc" }) })],
    [directory("/d", [])],
  ])("offers no download of what is no file of the merged root: %#", async (view) => {
    calls.file.mockResolvedValue(view);
    show({ ...calls, save: vi.fn() });
    await open(".fv");
    expect(root.querySelector(".fv-download")).toBeNull();
  });

  it.each([
    [file("/e", ""), "The file is empty"],
    [file("/p", "", { text: null, entry: entry("p", { type: "fifo" }) }), "A named pipe has no content"],
    [file("/w", "", { text: null, entry: entry("w", { type: "device", mark: "whiteout" }) }), "A whiteout"],
    [file("/l", "", { text: null, entry: entry("l", { type: "symlink", target: "/etc" }) }), "symbolic link to /etc"],
    [file("/m", "", { text: null, entry: entry("m", { metacopy: true }) }), "Only the metadata"],
    [file("/b", "00000000: 7f45", { binary: true }), "as xxd shows it"],
    [directory("/d", []), "Nothing in here"],
  ])("has words for what has no lines: %#", async (view, words) => {
    calls.file.mockResolvedValue(view);
    show();
    await open(".fv");
    expect(text(".fv-shown")).toContain(words);
  });

  it.each([
    [new ApiError("not-found", "no path", 404), "may have been deleted or renamed"],
    [new ApiError("access-denied", "EACCES", 403), "may not be read from here: EACCES"],
    [new ApiError("limit-reached", "64 KiB", 409), "too large"],
    [new ApiError("wrong-state", "stopped", 409), "Start it, and ask again"],
    [new ApiError("signed-out", "", 401), "not signed in any more"],
    [new Error("<b>odd</b>"), "could not be read: <b>odd</b>"],
  ])("says why a path is not shown: %#", async (error, words) => {
    calls.file.mockRejectedValue(error);
    show();
    await open(".fv");
    expect(text(".fv [role=alert]")).toContain(words);
    expect(root.querySelector(".fv [role=alert] b")).toBeNull();
  });

  it("speaks Chinese all through", async () => {
    setLanguage("zh-hans");
    calls.file.mockResolvedValue(top);
    show();
    await open(".fv");
    expect(text(".fv")).toContain("向上复制");
    expect(root.textContent).not.toMatch(/undefined|NaN|\[object|\{\w+\}(?!\})/);
  });
});

describe("the mount", () => {
  const { overlay } = (messages[0] as Extract<LiveMessage, { re: "snapshot" }>).snapshot.host as Snapshot["host"];

  it("has each option explained", () => {
    const options = explained("rw,lowerdir=/a\\,b:/c,redirect_dir=off,constructor,__proto__=1");
    expect(options.map(({ name, value }) => [name, value])).toEqual([
      ["rw", null],
      ["lowerdir", "/a\\,b:/c"],
      ["redirect_dir", "off"],
      ["constructor", null],
      ["__proto__", "1"],
    ]);
    expect(options.map(({ words }) => words).slice(2)).toEqual([
      "lay.opt_redirect_dir",
      "lay.opt_other",
      "lay.opt_other",
    ]);
    expect(split("/a\\:b:/c", ":")).toEqual(["/a\\:b", "/c"]);
  });

  it("is told as docker inspect tells it", () => {
    const said = JSON.stringify(graphDriver(overlay));
    expect(said).toMatch(
      /^\{"Data":\{"LowerDir":"[^"]+:[^"]+","MergedDir":"[^"]+","UpperDir":"[^"]+","WorkDir":"[^"]+"\},"Name":"overlay2"\}$/,
    );
  });
});

describe("texts", () => {
  it("write modes as ls does", () => {
    expect(modeWord("dir", 0o41777)).toBe("drwxrwxrwt");
    expect(modeWord("file", 0o104755)).toBe("-rwsr-xr-x");
    expect(modeWord("file", 0o6644)).toBe("-rwSr-Sr--");
    expect(modeWord("block", 0o660)).toBe("brw-rw----");
  });

  it("find their way by letters alone", () => {
    expect(parentOf("/a/b")).toBe("/a");
    expect(parentOf("/a")).toBe("/");
    expect(join("/", "a")).toBe("/a");
    expect(follow("/usr/lib", "../share/./x")).toBe("/usr/share/x");
    expect(follow("/usr", "/etc//passwd")).toBe("/etc/passwd");
    expect(follow("/", "../../..")).toBe("/");
  });

  it("keep lines and tabs, and nothing else that acts", () => {
    expect(visible("a\tb\n\rc\u009b1m\u2066")).toBe("a\tb\n\\x0dc\\x9b1m\\u2066");
  });
});
