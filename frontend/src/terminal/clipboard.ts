/** What may pass between the terminal and the person's machine. Output is anybody's text: it is not believed. */

/** Text fit for pasting: a paste must not be able to end its own brackets. */
export const pastable = (text: string): string => text.replaceAll("\x1b[201~", "");

/** A program's window title with nothing in it that could act, at most 256 characters. */
export function plainTitle(title: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out
  const plain = title.replace(/[\u0000-\u001f\u007f-\u009f\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, "");
  return [...plain].slice(0, 256).join("").trim();
}

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
