/** One terminal as the page lists it: its name, its session and screen, and what it did while nobody looked. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Terminal } from "../protocol/generated";
import { MarkKind } from "../protocol/pty";
import type { Attachment, RestTerminal } from "../protocol/rest";
import { withHeld } from "./held";
import { leaseOf } from "./lease";
import type { XtermScreen } from "./screen";
import { Session } from "./session";
import { lastSize } from "./size";

export type Known = Pick<RestTerminal, "id" | "argv" | "console"> & Partial<Pick<Terminal, "name">>;

export interface TabEvents {
  attach(terminal: string): Promise<Attachment>;
  /** A person ended a line in one of them. */
  entered?(): void;
  loadScreen(): Promise<typeof import("./screen")>;
}

export type Parts = { session: Session; screen: XtermScreen };

export class Tab {
  readonly id: string;
  readonly console: boolean;
  /** The program's file name. */
  readonly program: string;
  /** What the person calls it; empty: as the program is called. */
  readonly name = signal("");
  /** A new name is on its way: what the worker still calls it is not heard. */
  renaming = false;
  /** What the program in it calls the window, if anything. */
  readonly title = signal("");
  /** A view shows it. */
  readonly shown = signal(false);
  /** What came while no view showed it. */
  readonly news = signal<"output" | "bell" | null>(null);
  /** How it ended, once it has. */
  readonly ended = computed(() => {
    const state = this.#parts.value?.session.state.value;
    return state?.phase === "ended" ? { exit: state.exit } : null;
  });
  readonly #parts = signal<Parts | null>(null);
  readonly #failed = signal(false);
  #disposed = false;

  /** `ordinal`: the second of several with one program is 2. */
  constructor(
    terminal: Known,
    private readonly events: TabEvents,
    readonly ordinal = 1,
  ) {
    this.id = terminal.id;
    this.console = terminal.console;
    this.program = (terminal.argv[0] ?? "").split("/").at(-1) || "shell";
    this.name.value = terminal.name ?? "";
    void this.load();
  }

  /** Session and screen, once the emulator is there. */
  get parts(): ReadonlySignal<Parts | null> {
    return this.#parts;
  }

  /** The emulator's script could not be fetched. */
  get failed(): ReadonlySignal<boolean> {
    return this.#failed;
  }

  async load(): Promise<void> {
    this.#failed.value = false;
    try {
      const { XtermScreen, loadFace } = await this.events.loadScreen();
      await loadFace();
      if (this.#disposed) return;
      const screen: XtermScreen = new XtermScreen({
        data: (text) => {
          session.input(withHeld(text));
          if (text.includes("\r")) this.events.entered?.();
        },
        binary: (text) => session.inputBinary(text),
        resized: () => {
          if (session.state.peek().driver) lastSize.value = { cols: screen.cols, rows: screen.rows };
          session.resized();
        },
        focused: () => session.attend(),
        title: (text) => {
          this.title.value = text;
        },
        backlog: () => session.backlog,
      });
      const session = new Session(() => this.events.attach(this.id), screen, {
        lease: leaseOf(this.id),
        output: () => this.#came("output"),
      });
      session.onMark((mark) => {
        if (mark.kind === MarkKind.BELL) this.#came("bell");
      });
      this.#parts.value = { session, screen };
    } catch {
      this.#failed.value = true;
    }
  }

  /** A view shows it, or no longer does. */
  show(shown: boolean): void {
    this.shown.value = shown;
    if (shown) this.news.value = null;
    this.#parts.peek()?.session.show(shown);
  }

  dispose(): void {
    this.#disposed = true;
    this.#parts.value?.session.dispose();
    this.#parts.value?.screen.dispose();
  }

  /** A bell is not outdone by output. */
  #came(what: "output" | "bell"): void {
    if (!this.shown.peek() && this.news.peek() !== "bell") this.news.value = what;
  }
}
