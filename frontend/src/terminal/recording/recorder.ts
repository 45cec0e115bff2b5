/** What the workbench does about recordings: begin, end, tell that one is over, replay one, show the list. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import { h } from "preact";
import { t } from "../../i18n/index";
import { type Api, ApiError } from "../../protocol/api";
import type { RestRecording } from "../../protocol/rest";
import { announce, speak } from "../../ui/announce";
import { ask } from "../../ui/dialog";
import { type Failure, failure } from "../../ui/failure";
import { isBoolean, remembered } from "../../ui/preferences";
import type { Book, Tab } from "../book";
import type { SessionState } from "../state";
import { Explanation } from "./explanation";

const explained = remembered("recording.explained", false, isBoolean);

/** The web side asks the worker, and the file's end is written then. */
const TOLD_TRIES = 5;
const TOLD_MS = 400;

export class Recorder {
  /** The terminals something is being asked for. */
  readonly #busy = signal<ReadonlySet<string>>(new Set());
  readonly #over = signal<ReadonlyMap<string, RestRecording>>(new Map());
  /** What went wrong, by terminal. */
  readonly #failed = signal<ReadonlyMap<string, Failure>>(new Map());
  /** The recording of this container that is replayed instead of the terminal. */
  readonly replayed = signal<string | null>(null);
  readonly listed = signal(false);

  constructor(
    readonly api: Api,
    readonly container: string,
  ) {}

  get busy(): ReadonlySignal<ReadonlySet<string>> {
    return this.#busy;
  }

  /** The recording that ended last in a terminal, until it is dismissed. */
  get over(): ReadonlySignal<ReadonlyMap<string, RestRecording>> {
    return this.#over;
  }

  get failed(): ReadonlySignal<ReadonlyMap<string, Failure>> {
    return this.#failed;
  }

  /** `title`: what the recording is called, the program where the terminal has no name. */
  start(terminal: string, title: string): Promise<void> {
    return this.#once(terminal, "recordings.not_started", async () => {
      if (!explained.peek() && !(await this.#explain())) return;
      await this.api.startRecording(this.container, terminal, title);
      explained.value = true;
      this.dismiss(terminal);
    });
  }

  stop(terminal: string): Promise<void> {
    return this.#once(terminal, "recordings.not_stopped", async () => {
      try {
        this.#tell(terminal, await this.api.stopRecording(this.container, terminal));
      } catch (error) {
        // It ended by itself meanwhile: that is told by who heard of it.
        if (!(error instanceof ApiError) || (error.code !== "not-found" && error.code !== "wrong-state")) throw error;
      }
    });
  }

  /** Hears of recordings that begin and end in these terminals, also of those not in front. Returns how to stop. */
  watch(book: Book): () => void {
    const seen = new Map<string, SessionState["recording"]>();
    return effect(() => {
      for (const tab of book.tabs.value) {
        const now = recordingOf(tab);
        const before = seen.get(tab.id) ?? null;
        seen.set(tab.id, now);
        if (before === null && now !== null) speak(t("recordings.begun"));
        if (before !== null && now?.id !== before.id) void this.#ended(tab.id, before.id);
      }
    });
  }

  dismiss(terminal: string): void {
    this.#over.value = without(this.#over.peek(), terminal);
    this.#failed.value = without(this.#failed.peek(), terminal);
  }

  /** Instead of the terminal, until it is closed. */
  replay(id: string): void {
    this.listed.value = false;
    this.replayed.value = id;
  }

  async #explain(): Promise<boolean> {
    const kept = await this.api.recordings(this.container);
    const [title, action] = [t("recordings.ask_title"), t("recordings.start")];
    return ask({ title, body: h(Explanation, kept), action });
  }

  /** Nobody here ended it, or somebody elsewhere: why is asked. */
  async #ended(terminal: string, id: string): Promise<void> {
    for (let tries = 0; tries < TOLD_TRIES; tries += 1) {
      if (this.#over.peek().get(terminal)?.id === id) return;
      try {
        const recording = await this.api.recording(id);
        if (recording.ended != null) {
          this.#tell(terminal, recording);
          return;
        }
      } catch (error) {
        if (error instanceof ApiError && error.code === "not-found") return; // deleted, by this person
      }
      await new Promise((later) => setTimeout(later, TOLD_MS * (tries + 1)));
    }
  }

  #tell(terminal: string, recording: RestRecording): void {
    this.#over.value = new Map(this.#over.peek()).set(terminal, recording);
  }

  /** A second click while the first is under way does nothing. */
  async #once(
    terminal: string,
    doing: "recordings.not_started" | "recordings.not_stopped",
    action: () => Promise<void>,
  ): Promise<void> {
    if (this.#busy.peek().has(terminal)) return;
    this.#busy.value = new Set(this.#busy.peek()).add(terminal);
    this.#failed.value = without(this.#failed.peek(), terminal);
    try {
      await action();
    } catch (error) {
      this.#failed.value = new Map(this.#failed.peek()).set(terminal, failure(error, doing));
    } finally {
      const rest = new Set(this.#busy.peek());
      rest.delete(terminal);
      this.#busy.value = rest;
    }
  }
}

/** Null where it is not recorded: with the terminal its recording ends. */
export function recordingOf(tab: Tab): SessionState["recording"] {
  const state = tab.parts.value?.session.state.value;
  return state === undefined || state.phase === "ended" || state.phase === "gone" ? null : state.recording;
}

/** Asks, and deletes. Resolves to whether it is gone. */
export async function deleteRecording(api: Api, recording: RestRecording): Promise<boolean> {
  const yes = await ask({
    title: t("recordings.delete_title"),
    body: t(recording.ended == null ? "recordings.delete_live" : "recordings.delete_body"),
    action: t("delete.action"),
    danger: true,
  });
  if (!yes) return false;
  await api.deleteRecording(recording.id);
  announce(t("recordings.deleted"));
  return true;
}

function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  if (!map.has(key)) return map;
  const rest = new Map(map);
  rest.delete(key);
  return rest;
}
