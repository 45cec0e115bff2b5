/** What a person can want of the terminal in front, by key, by menu or by a button; a view does it. */
import type { Shortcut } from "./shortcuts";

export type What =
  | Exclude<Shortcut, "paste" | "part">
  | "paste"
  | "select-all"
  | "clear"
  | "copy-output"
  | "links"
  | "latency";

/** `at`: in the window, where it was clicked. */
export interface Wish {
  what: What;
  at?: { x: number; y: number };
}
