/** Keys that wait: Ctrl on a touch screen, for the next letter; what is typed for a terminal not yet there. */
import { signal } from "@preact/signals";

/** Whether Ctrl holds for the next key, be it one of ours or of the screen's own keyboard. */
export const control = signal(false);

/** `c` becomes Ctrl+C while Ctrl holds; anything longer than a key lets it be. */
export function withControl(text: string): string {
  if (!control.peek() || text.length !== 1) return text;
  control.value = false;
  const code = text.toUpperCase().charCodeAt(0);
  return code >= 0x40 && code <= 0x5f ? String.fromCharCode(code - 0x40) : text;
}

const NAMED: Partial<Record<string, string>> = { Enter: "\r", Backspace: "\x7f" };

let typed = "";
let stop: (() => void) | null = null;

/**
 * From now on keep what is typed with no field under it, or on the button that opens a terminal, until `takeTyped`.
 * What an input method composes is not kept: it needs a field to compose in.
 */
export function keepTyped(): void {
  if (stop !== null) return;
  const keep = (event: KeyboardEvent) => {
    const { target, key } = event;
    const free = target === document.body || (target instanceof Element && target.matches("[data-opens-terminal]"));
    if (!free || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.isComposing) return;
    const text = [...key].length === 1 ? key : NAMED[key];
    if (text === undefined) return;
    typed += text;
    event.preventDefault();
  };
  // Before the page's own keys hear of it: a space would pause the X-ray, and be missing in the command.
  document.addEventListener("keydown", keep, true);
  stop = () => document.removeEventListener("keydown", keep, true);
}

/** What was kept, once; nothing is kept any more. */
export function takeTyped(): string {
  stop?.();
  stop = null;
  const text = typed;
  typed = "";
  return text;
}
