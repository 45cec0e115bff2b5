/** What may pass between the terminal and the person's machine. Output is anybody's text: it is not believed. */

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
const BRACKETS = /(?:\x1b\[|\x9b)20[01]~/g;
// biome-ignore lint/suspicious/noControlCharactersInRegex: as above
const KEYS = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\u007f-\u009f]/g;

/**
 * Text fit for pasting: no control character but tab and line ends, so that a paste can neither end its own brackets
 * nor press a key.
 */
export const pastable = (text: string): string => text.replace(BRACKETS, "").replace(KEYS, "");

/** Control characters, and those that turn the direction of what follows, hide, or end a line in their own way. */
const ACTING =
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  /[\u0000-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\udb40[\udc00-\udfff]/g;

/** A program's words for the page: nothing in them that could act, at most `most` characters. */
export function plainWords(text: string, most: number): string {
  return [...text.replace(ACTING, "")].slice(0, most).join("").trim();
}

/** A program's window title: it is shown as that program's word. */
export const plainTitle = (title: string): string => plainWords(title, 256);

/** The address when it is one of the web, else null. */
export function safeLink(uri: string): string | null {
  try {
    const url = new URL(uri);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

/** Copies; also where the page is not in a secure context, as on another machine over http. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.className = "sr-only";
    const focused = document.activeElement;
    document.body.append(area);
    area.select();
    const done = document.execCommand("copy");
    area.remove();
    if (focused instanceof HTMLElement) focused.focus();
    return done;
  }
}

/** What the clipboard holds; null where the browser does not let a page read it, or the person said no. */
export async function clipboardText(): Promise<string | null> {
  try {
    return await navigator.clipboard.readText();
  } catch {
    return null;
  }
}
