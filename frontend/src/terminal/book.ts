/** The terminals of one container: which there are, in which order, which are shown where, which has the keys. */
import { effect, type ReadonlySignal, signal } from "@preact/signals";
import type { Terminal } from "../protocol/generated";
import * as tree from "./layout";
import { type Known, Tab, type TabEvents } from "./tab";

export { Tab } from "./tab";
export type BookEvents = TabEvents;

/** What a person made of them, kept from visit to visit. */
export interface Arrangement {
  order: readonly string[];
  layout: tree.Layout | null;
  active: string | null;
}

/** Of one container; the worker says no to more. */
const MOST_TERMINALS = 16;

export interface Memory {
  load(): Arrangement | null;
  save(arrangement: Arrangement): void;
}

export class Book {
  readonly #tabs = signal<readonly Tab[]>([]);
  readonly #active = signal<string | null>(null);
  readonly #layout = signal<tree.Layout | null>(null);
  /** Closed here: not to come back by a message that was under way. */
  readonly #closed = new Set<string>();
  #kept: Arrangement | null;
  #stop: (() => void) | null = null;

  constructor(
    private readonly events: BookEvents,
    private readonly memory?: Memory,
  ) {
    this.#kept = memory?.load() ?? null;
  }

  get tabs(): ReadonlySignal<readonly Tab[]> {
    return this.#tabs;
  }

  /** The terminal that has the keys. It is always one that is shown. */
  get active(): ReadonlySignal<string | null> {
    return this.#active;
  }

  get layout(): ReadonlySignal<tree.Layout | null> {
    return this.#layout;
  }

  get front(): Tab | null {
    return this.find(this.#active.value);
  }

  /** No more can be opened. */
  get full(): boolean {
    return this.#tabs.value.filter((tab) => tab.ended.value === null).length >= MOST_TERMINALS;
  }

  find(id: string | null): Tab | null {
    return this.#tabs.value.find((tab) => tab.id === id) ?? null;
  }

  /** Takes in what the worker lists: new terminals get a tab; one of ours that ended keeps its last screen. */
  sync(terminals: readonly ((Known & Pick<Terminal, "exit">) | Known)[]): void {
    for (const terminal of terminals) {
      const ended = "exit" in terminal && terminal.exit != null && !terminal.console;
      if (ended || this.#closed.has(terminal.id)) continue;
      const tab = this.add(terminal);
      if (terminal.name !== undefined && !tab.renaming) tab.name.value = terminal.name;
    }
    if (this.#stop === null && this.#tabs.peek().length > 0) this.#remember();
  }

  add(terminal: Known): Tab {
    const known = this.#tabs.peek().find((tab) => tab.id === terminal.id);
    if (known !== undefined) return known;
    // Another console: the container was run anew, and its old one is history.
    const old = terminal.console ? this.#tabs.peek().filter((tab) => tab.console) : [];
    const rest = this.#tabs.peek().filter((other) => !old.includes(other));
    const tab = new Tab(terminal, this.events, ordinal(terminal, rest));
    this.#tabs.value = terminal.console ? [tab, ...rest] : [...rest, tab];
    for (const gone of old) {
      this.#put((layout) => layout && tree.replaced(layout, gone.id, tab.id));
      if (this.#active.peek() === gone.id) this.#active.value = tab.id;
      gone.dispose();
    }
    if (this.#active.peek() === null) this.show(tab.id);
    return tab;
  }

  /** Gives it the keys: where it is shown, or in the place of the one that has them now. */
  show(id: string): void {
    if (this.#tabs.peek().every((tab) => tab.id !== id)) return;
    const active = this.#active.peek();
    this.#put((layout) => {
      if (layout === null || active === null) return { terminal: id };
      return tree.shown(layout).includes(id) ? layout : tree.replaced(layout, active, id);
    });
    this.#active.value = id;
  }

  /** Shows `id` in a half of the pane of `beside`; a pane that it had before goes. It gets the keys. */
  split(beside: string, way: tree.Way, id: string, before = false): void {
    if (beside === id || this.#tabs.peek().every((tab) => tab.id !== id)) return;
    this.#put((layout) => {
      const rest = layout && tree.without(layout, id);
      return rest === null ? { terminal: id } : tree.split(rest, beside, way, id, before);
    });
    this.#active.value = id;
  }

  /** Puts `id` into the pane of `place`; where both are shown they change places. It gets the keys. */
  put(id: string, place: string): void {
    if (this.#tabs.peek().every((tab) => tab.id !== id)) return;
    this.#put((layout) => {
      if (layout === null) return { terminal: id };
      return tree.shown(layout).includes(id) ? tree.exchanged(layout, id, place) : tree.replaced(layout, place, id);
    });
    this.#active.value = id;
  }

  /** The pane goes, its terminal stays as a tab; not the last one. */
  closePane(id: string): void {
    const layout = this.#layout.peek();
    const rest = layout && tree.without(layout, id);
    if (layout === null || rest === null || rest === layout) return;
    const next = this.#nextTo(layout, id);
    this.#layout.value = rest;
    if (this.#active.peek() === id) this.#active.value = next ?? tree.shown(rest)[0] ?? null;
  }

  /** Gives the keys to the pane in this direction. False at the edge. */
  go(direction: tree.Direction): boolean {
    const [layout, active] = [this.#layout.peek(), this.#active.peek()];
    const next = layout && active && tree.neighbour(layout, active, direction);
    if (!next) return false;
    this.#active.value = next;
    return true;
  }

  /** The tab after the one in front, or before it. */
  turn(step: 1 | -1): void {
    const tabs = this.#tabs.peek();
    const at = tabs.findIndex((tab) => tab.id === this.#active.peek());
    const next = tabs[(at + step + tabs.length) % tabs.length];
    if (next !== undefined) this.show(next.id);
  }

  setShare(path: tree.Path, share: number): void {
    this.#put((layout) => layout && tree.withShare(layout, path, share));
  }

  /** Puts a tab at another place in the row; the console stays first. Returns the place it got. */
  move(id: string, to: number): number {
    const tabs = [...this.#tabs.peek()];
    const from = tabs.findIndex((tab) => tab.id === id);
    const tab = tabs[from];
    if (tab === undefined || tab.console) return from;
    tabs.splice(from, 1);
    const first = tabs[0]?.console ? 1 : 0;
    const place = Math.max(first, Math.min(to, tabs.length));
    tabs.splice(place, 0, tab);
    this.#tabs.value = tabs;
    return place;
  }

  /** Takes a tab away; its pane too, or the last pane gets its neighbour. */
  remove(id: string): void {
    const tabs = this.#tabs.peek();
    const at = tabs.findIndex((tab) => tab.id === id);
    if (at < 0) return;
    this.#closed.add(id);
    const layout = this.#layout.peek();
    const rest = layout && tree.without(layout, id);
    if (rest === null) {
      const next = tabs[at + 1] ?? tabs[at - 1];
      this.#layout.value = next ? { terminal: next.id } : null;
      this.#active.value = next?.id ?? null;
    } else {
      this.closePane(id);
    }
    this.#tabs.value = tabs.filter((tab) => tab.id !== id);
    tabs[at]?.dispose();
  }

  dispose(): void {
    this.#stop?.();
    for (const tab of this.#tabs.peek()) tab.dispose();
    this.#tabs.value = [];
  }

  /** In the last visit's order and layout; from now on what changes is kept. */
  #remember(): void {
    const kept = this.#kept;
    this.#kept = null;
    if (kept !== null) {
      const place = (tab: Tab) => {
        const at = kept.order.indexOf(tab.id);
        return tab.console ? -1 : at < 0 ? kept.order.length : at;
      };
      this.#tabs.value = [...this.#tabs.peek()].sort((one, other) => place(one) - place(other));
      const layout = tree.revived(kept.layout, new Set(this.#tabs.peek().map((tab) => tab.id)));
      if (layout !== null) {
        const ids = tree.shown(layout);
        this.#layout.value = layout;
        this.#active.value = ids.find((id) => id === kept.active) ?? ids[0] ?? null;
      }
    }
    this.#stop = effect(() =>
      this.memory?.save({
        order: this.#tabs.value.map((tab) => tab.id),
        layout: this.#layout.value,
        active: this.#active.value,
      }),
    );
  }

  #put(change: (layout: tree.Layout | null) => tree.Layout | null): void {
    this.#layout.value = change(this.#layout.peek());
  }

  #nextTo(layout: tree.Layout, id: string): string | null {
    for (const direction of ["left", "up", "right", "down"] as const) {
      const next = tree.neighbour(layout, id, direction);
      if (next !== null) return next;
    }
    return null;
  }
}

/** The smallest number that no other terminal with the same program has. */
function ordinal(terminal: Known, others: readonly Tab[]): number {
  if (terminal.console) return 1;
  const program = (terminal.argv[0] ?? "").split("/").at(-1) || "shell";
  const taken = new Set(others.filter((tab) => tab.program === program && !tab.console).map((tab) => tab.ordinal));
  let number = 1;
  while (taken.has(number)) number += 1;
  return number;
}
