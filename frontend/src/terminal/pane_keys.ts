/** The keys for panes and tabs that are taken from the shell while a terminal has the focus. */
import type { Bench } from "../pages/bench";
import type { Book } from "./book";
import { enter } from "./entering";
import type { Direction, Way } from "./layout";

export type PaneKey =
  | { what: "go"; direction: Direction }
  | { what: "turn"; step: 1 | -1 }
  | { what: "split"; way: Way }
  | { what: "close-pane" | "new" };

const ARROWS: Partial<Record<string, Direction>> = {
  ArrowLeft: "left",
  ArrowRight: "right",
  ArrowUp: "up",
  ArrowDown: "down",
};

/** What the key means, null when it is not ours. The splits are those of Windows Terminal; AltGr is no Ctrl+Alt. */
export function paneKey(event: KeyboardEvent): PaneKey | null {
  const { ctrlKey: ctrl, shiftKey: shift, altKey: alt, metaKey: meta, code } = event;
  if (meta || !alt || event.getModifierState("AltGraph")) return null;
  if (ctrl && !shift) {
    const direction = ARROWS[code];
    if (direction !== undefined) return { what: "go", direction };
    if (code === "PageUp") return { what: "turn", step: -1 };
    if (code === "PageDown") return { what: "turn", step: 1 };
  }
  if (shift && !ctrl) {
    if (code === "Equal" || code === "NumpadAdd") return { what: "split", way: "right" };
    if (code === "Minus" || code === "NumpadSubtract") return { what: "split", way: "down" };
    if (code === "KeyW") return { what: "close-pane" };
    if (code === "KeyT") return { what: "new" };
  }
  return null;
}

function enterFront(book: Book): void {
  const front = book.active.peek();
  if (front !== null) enter(book, front);
}

/** Does what the key means. `canOpen`: the container runs. */
export function actOn(key: PaneKey, bench: Bench, canOpen: boolean): void {
  const { book } = bench;
  switch (key.what) {
    case "go":
      if (book.go(key.direction)) enterFront(book);
      break;
    case "turn":
      book.turn(key.step);
      enterFront(book);
      break;
    case "close-pane":
      if (book.active.peek() !== null) book.closePane(book.active.peek() ?? "");
      enterFront(book);
      break;
    case "split":
    case "new":
      if (!canOpen) return;
      // What is typed from now on is for the new shell, not for this one.
      if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
      void bench.openTerminal(key.what === "split" ? key.way : undefined);
      break;
  }
}
