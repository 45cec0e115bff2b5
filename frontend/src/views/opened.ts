/** Which panels are open, as a person left them on this machine. */
import { type Signal, signal } from "@preact/signals";
import type { PanelName } from "./context";

export class Opened {
  readonly #panels = new Map<PanelName, Signal<boolean>>();

  /** Whether it is open now; to be read where it is drawn. */
  is(name: PanelName, initial: boolean): boolean {
    return this.#of(name, initial).value;
  }

  set(name: PanelName, open: boolean): void {
    this.#of(name, open).value = open;
    try {
      localStorage.setItem(key(name), open ? "1" : "0");
    } catch {
      // storage may be forbidden; then it is forgotten, no more
    }
  }

  #of(name: PanelName, initial: boolean): Signal<boolean> {
    let found = this.#panels.get(name);
    if (!found) {
      found = signal(stored(name) ?? initial);
      this.#panels.set(name, found);
    }
    return found;
  }
}

const key = (name: PanelName): string => `terrarium.panel.${name}`;

function stored(name: PanelName): boolean | null {
  try {
    const text = localStorage.getItem(key(name));
    return text === null ? null : text === "1";
  } catch {
    return null;
  }
}
