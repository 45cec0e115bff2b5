/** What the keys that a touch screen lacks send. */

const CURSOR = { up: "A", down: "B", right: "C", left: "D", home: "H", end: "F" } as const;
const PLAIN = { escape: "\x1b", tab: "\t", "page-up": "\x1b[5~", "page-down": "\x1b[6~" } as const;

/** A key by its name, or the text it types. */
export type Key = keyof typeof CURSOR | keyof typeof PLAIN | { text: string };

/** `application`: the program asked for the cursor keys' other form (DECCKM). */
export function sequence(key: Key, application: boolean): string {
  if (typeof key === "object") return key.text;
  if (key in CURSOR) return `\x1b${application ? "O" : "["}${CURSOR[key as keyof typeof CURSOR]}`;
  return PLAIN[key as keyof typeof PLAIN];
}
