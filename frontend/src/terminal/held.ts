/** Keys that wait: Ctrl and Alt on a touch screen, for the next key; what is typed for a terminal not yet there. */
import { signal } from "@preact/signals";

/** Whether Ctrl holds for the next key, be it one of ours or of the screen's own keyboard; so does Alt. */
export const control = signal(false);
export const alt = signal(false);

const ALT = 2;
const CTRL = 4;

/** `c` becomes Ctrl+C while Ctrl holds, and `→` Ctrl+→; anything longer than a key lets it be. */
export function withHeld(text: string): string {
  const held = (control.peek() ? CTRL : 0) + (alt.peek() ? ALT : 0);
  // biome-ignore lint/suspicious/noControlCharactersInRegex: keys begin with one
  const cursor = /^\x1b[[O]([A-DFH])$/.exec(text)?.[1];
  if (held === 0 || (text.length !== 1 && cursor === undefined)) return text;
  control.value = false;
  alt.value = false;
  if (cursor !== undefined) return `\x1b[1;${held + 1}${cursor}`;
  const code = text.toUpperCase().charCodeAt(0);
  const key = held & CTRL && code >= 0x40 && code <= 0x5f ? String.fromCharCode(code - 0x40) : text;
  return held & ALT ? `\x1b${key}` : key;
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
