/** What the workbench knows and can do: one container, its terminals, its live state. No markup. */
import { batch, computed, effect, type Signal, signal } from "@preact/signals";
import { type Key, locale, t, tn } from "../i18n/index";
import { signalName } from "../i18n/signals";
import { type Api, ApiError } from "../protocol/api";
import type { Snapshot } from "../protocol/generated";
import { LiveSocket } from "../protocol/live";
import type { RestContainer, RestExit } from "../protocol/rest";
import { exported, fileName } from "../state/export";
import { LiveStore } from "../state/live";
import { Book, type Tab } from "../terminal/book";
import { plainWords } from "../terminal/clipboard";
import { Uploads } from "../terminal/files/uploads";
import { keepTyped, takeTyped } from "../terminal/held";
import type { Way } from "../terminal/layout";
import { Recorder } from "../terminal/recording/recorder";
import { memoryOf } from "../terminal/remembered";
import { Shares } from "../terminal/sharing/shares";
import { lastSize } from "../terminal/size";
import { MOST } from "../terminal/tab_name";
import { announce, speak } from "../ui/announce";
import { ask } from "../ui/dialog";
import { type Failure, failure } from "../ui/failure";
import { type Condition, conditionOf } from "../ui/state";
import type { Calls } from "../views/context";
import type { ReadSource } from "../views/showme";

export type Busy = "starting" | "stopping" | "deleting" | null;

export class Bench {
  readonly container: Signal<RestContainer>;
  readonly store: LiveStore;
  readonly book: Book;
  readonly busy = signal<Busy>(null);
  readonly opening = signal(false);
  readonly failure = signal<(Failure & { again: () => void }) | null>(null);
  readonly condition = computed<Condition>(() => {
    const condition = conditionOf(this.container.value);
    return this.store.state.value.status === "gone" && condition !== "lost" ? "gone" : condition;
  });
  readonly source: ReadSource;
  /** What the panels may ask about this container. */
  readonly calls: Calls;
  /** The links to its terminals. */
  readonly sharing: Shares;
  /** Their recordings. */
  readonly recorder: Recorder;
  /** Files on their way in. */
  readonly uploads: Uploads;
  readonly #live: LiveSocket;
  readonly #stops: (() => void)[] = [];
  readonly #closing = new Set<string>();
  #generation: number | null = null;
  #info: Snapshot["info"] | null = null;

  constructor(
    private readonly api: Api,
    private readonly first: RestContainer,
    snapshot: ConstructorParameters<typeof LiveStore>[0],
    entered?: () => void,
  ) {
    this.container = signal(first);
    this.store = new LiveStore(snapshot);
    this.book = new Book(
      {
        attach: (terminal) => api.attach(first.id, terminal),
        ...(entered && { entered }),
        loadScreen: () => import("../terminal/screen"),
      },
      memoryOf(first.id),
    );
    this.book.sync(first.terminals);
    const { id } = first;
    this.source = (side, panel, key) => api.source(id, { side, panel, key });
    this.calls = {
      process: (pid) => api.process(id, pid),
      file: (path, layer) => api.file(id, path, layer),
      provenance: (path) => api.provenance(id, path),
      save: (path) => api.saveFile(id, path),
      seccomp: () => api.seccomp(id),
      freeze: (frozen) => api.freeze(id, frozen),
      setLimits: (limits) => api.setLimits(id, limits),
      host: api.host,
    };
    this.sharing = new Shares(api, id);
    this.recorder = new Recorder(api, id);
    this.uploads = new Uploads(api, id);
    this.#live = new LiveSocket(first.live_url, this.store);
  }

  open(): void {
    this.#live.open();
    if (this.book.front !== null) keepTyped();
    this.#stops.push(
      effect(() => this.#follow()),
      this.recorder.watch(this.book),
      () => this.uploads.dispose(),
    );
  }

  dispose(): void {
    takeTyped();
    for (const stop of this.#stops) stop();
    this.#live.close();
    this.book.dispose();
  }

  /** The worker's word, as it comes, into what the page shows. */
  #follow(): void {
    const { snapshot, status } = this.store.state.value;
    if (status === "gone") void this.#whatBecameOfIt();
    if (snapshot === null || status !== "live") return;
    const { info } = snapshot;
    if (info === this.#info) return; // most messages are about figures: the page around the panels is not drawn anew
    this.#info = info;
    const before = this.container.peek();
    batch(() => {
      this.container.value = {
        ...before,
        state: info.state,
        pid: info.pid,
        exit: info.exit ? { ...info.exit, at: new Date(info.exit.at * 1000).toISOString() } : null,
        files_kept: info.files_kept ?? true,
        frozen: info.frozen ?? false,
      };
      this.book.sync(info.terminals);
    });
    if (this.#generation !== null && info.generation !== this.#generation) this.#runsAgain();
    this.#generation = info.generation;
  }

  /** Deleted, or lost by its host: the live stream cannot tell, but who keeps the names can. */
  async #whatBecameOfIt(): Promise<void> {
    try {
      this.container.value = await this.api.container(this.first.id);
    } catch {
      // Not even a name is left: it was deleted.
    }
  }

  start(): Promise<void> {
    return this.#act("starting", "failure.start", async () => {
      const started = this.api.start(this.first.id, lastSize.peek());
      this.#runsAgain(started);
      this.container.value = await started;
      this.book.sync(this.container.value.terminals);
    });
  }

  stop(): Promise<void> {
    return this.#act("stopping", "failure.stop", async () => {
      this.container.value = await this.api.stop(this.first.id);
      announce(t("done.stopped", { name: this.first.name }));
    });
  }

  /** True when it is deleted. */
  async remove(): Promise<boolean> {
    return (await askDelete(this.container.peek())) && this.forget();
  }

  /** As `remove`, with no question: of what is lost there is only a name to delete. */
  async forget(): Promise<boolean> {
    let done = false;
    await this.#act("deleting", "failure.delete", async () => {
      await this.api.remove(this.first.id);
      done = true;
    });
    return done;
  }

  /** Another shell: in front, or in a pane of its own beside the one in front. */
  async openTerminal(way?: Way): Promise<void> {
    if (this.opening.peek()) return;
    if (this.book.full) {
      announce(t("tabs.full"));
      return;
    }
    this.opening.value = true;
    const beside = this.book.active.peek();
    keepTyped();
    try {
      const terminal = await this.api.openTerminal(this.first.id, lastSize.peek());
      const tab = this.book.add(terminal);
      if (way !== undefined && beside !== null) this.book.split(beside, way, tab.id);
      else this.book.show(tab.id);
    } catch (error) {
      takeTyped();
      this.#failed(error, "failure.open_terminal", () => this.openTerminal(way));
    } finally {
      this.opening.value = false;
    }
  }

  /** Asks first where something runs in it, or where that cannot be told. */
  async closeTerminal(tab: Tab): Promise<void> {
    if (this.#closing.has(tab.id)) return;
    this.#closing.add(tab.id);
    try {
      if (!(await this.#mayClose(tab))) return;
      await this.api.closeTerminal(this.first.id, tab.id);
      this.book.remove(tab.id);
    } catch (error) {
      const absent = error instanceof ApiError && (error.code === "not-found" || error.code === "wrong-state");
      if (absent) this.book.remove(tab.id);
      else this.#failed(error, "failure.close_terminal", () => this.closeTerminal(tab));
    } finally {
      this.#closing.delete(tab.id);
    }
  }

  async #mayClose(tab: Tab): Promise<boolean> {
    const phase = tab.parts.peek()?.session.state.peek().phase;
    if (phase === "ended" || phase === "gone") return true;
    let body = t("tabs.close_body");
    try {
      const { busy, jobs } = await this.api.lookAtTerminal(this.first.id, tab.id);
      if (!busy) return true;
      if (jobs.length > 0) body = closeBody(jobs.map((job) => plainWords(job.name, 64)));
    } catch (error) {
      if (error instanceof ApiError && error.code === "not-found") return true;
    }
    return ask({ title: t("tabs.close_title"), body, action: t("tabs.close_action"), danger: true });
  }

  /** An empty name goes back to the program's. The new one is seen at once. */
  async renameTerminal(tab: Tab, typed: string): Promise<void> {
    const before = tab.name.peek();
    const name = plainWords(typed, MOST); // pasted from somewhere, it may hold what cannot be seen
    if (name === before) return;
    tab.name.value = name;
    tab.renaming = true;
    try {
      await this.api.renameTerminal(this.first.id, tab.id, name);
      speak(name === "" ? t("tabs.unnamed") : t("tabs.renamed", { name }));
    } catch (error) {
      tab.name.value = before;
      this.#failed(error, "failure.rename_terminal", () => this.renameTerminal(tab, name));
    } finally {
      tab.renaming = false;
    }
  }

  /** The moment shown, as a file on this person's machine. */
  exportMoment(): void {
    const moment = exported(this.store, new Date());
    if (moment === null) return;
    const name = fileName(moment);
    const url = URL.createObjectURL(new Blob([JSON.stringify(moment, null, 2)], { type: "application/json" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(url));
    announce(t("time.exported", { name }));
  }

  /** Puts text at the prompt of the terminal in front. */
  type(text: string): void {
    const parts = this.book.front?.parts.peek();
    parts?.session.input(text);
    parts?.screen.focus();
  }

  /** The console's tab may be the same as before the stop: it has a new shell then. */
  #runsAgain(started?: Promise<unknown>): void {
    for (const tab of this.book.tabs.peek()) {
      const session = tab.parts.peek()?.session;
      const phase = session?.state.peek().phase;
      if (tab.console && (phase === "ended" || phase === "gone")) void session?.restart(started);
    }
  }

  async #act(busy: Exclude<Busy, null>, doing: Key, action: () => Promise<void>): Promise<void> {
    if (this.busy.peek() !== null) return;
    this.busy.value = busy;
    this.failure.value = null;
    try {
      await action();
    } catch (error) {
      this.#failed(error, doing, () => this.#act(busy, doing, action));
    } finally {
      this.busy.value = null;
    }
  }

  #failed(error: unknown, doing: Key, again: () => Promise<void>): void {
    this.failure.value = { ...failure(error, doing), again: () => void again() };
  }
}

/** Deleting cannot be undone: the question says what is lost. */
export function askDelete(container: RestContainer): Promise<boolean> {
  return ask({
    title: t("delete.title", { name: container.name }),
    body: t(container.state === "running" ? "delete.body_running" : "delete.body"),
    action: t("delete.action"),
    danger: true,
  });
}

/** What would be hung up, by name: each once, three at most. */
function closeBody(names: readonly string[]): string {
  const each = [...new Set(names)];
  const more = each.length - 3;
  const named = more > 0 ? [...each.slice(0, 3), t("tabs.and_more", { count: more })] : each;
  const programs = new Intl.ListFormat(locale()).format(named);
  return tn("tabs.close_busy", each.length, { programs });
}

export function exitNote(exit: RestExit | null | undefined): string {
  if (exit == null) return "";
  if (exit.oom) return t("exit.oom");
  if (exit.signal != null) return t("exit.signal", { signal: signalName(exit.signal) });
  if (exit.code != null) return t("exit.code", { code: exit.code });
  return exit.reason ?? "";
}
