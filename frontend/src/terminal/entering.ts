/** Giving a terminal the keys at once: what is typed next is for it, though the page draws it only with the next frame. */
import type { Book } from "./book";
import { keepTyped } from "./held";

export function enter(book: Book, id: string): void {
  book.show(id);
  if (matchMedia("(pointer: coarse)").matches) return; // a telephone's keyboard comes when it is asked for
  const screen = book.find(id)?.parts.peek()?.screen;
  if (screen?.element.isConnected) {
    screen.focus();
    return;
  }
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  keepTyped();
}
