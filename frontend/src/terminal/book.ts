/** The terminals of one container: which there are, which is in front. The emulator is loaded with the first. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Terminal } from "../protocol/generated";
import type { Attachment, RestTerminal } from "../protocol/rest";
import { withControl } from "./held";
import type { XtermScreen } from "./screen";
import { Session } from "./session";
import { lastSize } from "./size";

type Known = Pick<RestTerminal, "id" | "argv" | "console">;

export interface BookEvents {
  attach(terminal: string): Promise<Attachment>;
  confirmPaste(text: string): Promise<boolean>;
  /** A person ended a line in one of them. */
  entered?(): void;
  loadScreen(): Promise<typeof import("./screen")>;
}

export class Tab {
  readonly id: string;
  readonly console: boolean;
  /** The program's file name. */
  readonly program: string;
  /** What the program in it calls the window, if anything. */
  readonly title = signal("");
  readonly #parts = signal<{ session: Session; screen: XtermScreen } | null>(null);
  readonly #failed = signal(false);
  #disposed = false;

  constructor(
    terminal: Known,
    private readonly events: BookEvents,
  ) {
    this.id = terminal.id;
    this.console = terminal.console;
    this.program = (terminal.argv[0] ?? "").split("/").at(-1) || "shell";
    void this.load();
  }

  /** Session and screen, once the emulator is there. */
  get parts(): ReadonlySignal<{ session: Session; screen: XtermScreen } | null> {
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
          session.input(withControl(text));
          if (text.includes("\r")) this.events.entered?.();
        },
        binary: (text) => session.inputBinary(text),
        resized: () => {
          lastSize.value = { cols: screen.cols, rows: screen.rows };
          session.resized();
        },
        focused: () => session.takeOver(),
        title: (text) => {
          this.title.value = text;
        },
        confirmPaste: this.events.confirmPaste,
      });
      const session = new Session(() => this.events.attach(this.id), screen);
      this.#parts.value = { session, screen };
    } catch {
      this.#failed.value = true;
    }
  }

  dispose(): void {
    this.#disposed = true;
    this.#parts.value?.session.dispose();
    this.#parts.value?.screen.dispose();
  }
}

export class Book {
  readonly #tabs = signal<readonly Tab[]>([]);
  readonly active = signal<string | null>(null);
  /** Closed here: not to come back by a message that was under way. */
  readonly #closed = new Set<string>();

  constructor(private readonly events: BookEvents) {}

  get tabs(): ReadonlySignal<readonly Tab[]> {
    return this.#tabs;
  }

  get front(): Tab | null {
    return this.#tabs.value.find((tab) => tab.id === this.active.value) ?? null;
  }

  /** Takes in what the worker lists: new terminals get a tab; one of ours that ended keeps its last screen. */
  sync(terminals: readonly ((Known & Pick<Terminal, "exit">) | Known)[]): void {
    for (const terminal of terminals) {
      const ended = "exit" in terminal && terminal.exit != null && !terminal.console;
      if (!ended && !this.#closed.has(terminal.id)) this.add(terminal);
    }
  }

  add(terminal: Known): Tab {
    const known = this.#tabs.peek().find((tab) => tab.id === terminal.id);
    if (known !== undefined) return known;
    // Another console: the container was run anew, and its old one is history.
    const old = terminal.console ? this.#tabs.peek().filter((tab) => tab.console) : [];
    const tab = new Tab(terminal, this.events);
    const rest = this.#tabs.peek().filter((other) => !old.includes(other));
    this.#tabs.value = terminal.console ? [tab, ...rest] : [...rest, tab];
    for (const gone of old) gone.dispose();
    if (this.active.peek() === null || old.some((gone) => gone.id === this.active.peek())) this.active.value = tab.id;
    return tab;
  }

  /** Takes a tab away; its neighbour comes to the front. */
  remove(id: string): void {
    const tabs = this.#tabs.peek();
    const at = tabs.findIndex((tab) => tab.id === id);
    if (at < 0) return;
    this.#closed.add(id);
    this.#tabs.value = tabs.filter((tab) => tab.id !== id);
    if (this.active.peek() === id) this.active.value = (tabs[at + 1] ?? tabs[at - 1])?.id ?? null;
    tabs[at]?.dispose();
  }

  dispose(): void {
    for (const tab of this.#tabs.peek()) tab.dispose();
    this.#tabs.value = [];
  }
}
