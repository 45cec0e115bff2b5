/** The keys that the page takes from the shell while a terminal has the focus, as other good terminals do. */

const platform = typeof navigator === "undefined" ? "" : navigator.platform;
export const IS_MAC = /Mac|iPhone|iPad/.test(platform);
const IS_WINDOWS = /Win/.test(platform);

export type Shortcut =
  | "copy"
  | "paste"
  | "find"
  | "larger"
  | "smaller"
  | "usual-size"
  | "previous-command"
  | "next-command"
  | "menu"
  | "part";

export interface Around {
  selection: boolean;
  /** A full-screen program has the alternate screen: fewer keys are the page's. */
  alternate: boolean;
  mac?: boolean;
  windows?: boolean;
}

/**
 * What the key means to the page, null when it is the shell's.
 *
 * Ctrl+C copies only on Windows, only what is selected, and lets the selection go, so that the next one interrupts:
 * as Windows Terminal does. Elsewhere it always interrupts, as in every terminal there.
 */
export function shortcut(event: KeyboardEvent, around: Around): Shortcut | null {
  const { mac = IS_MAC, windows = IS_WINDOWS } = around;
  const { ctrlKey: ctrl, shiftKey: shift, altKey: alt, metaKey: meta, code, key } = event;
  if (ctrl && key === "F6") return "part";
  if (key === "ContextMenu" || (shift && !ctrl && !alt && !meta && key === "F10")) return "menu";
  if (alt) return null;
  if (key === "Insert" && !meta && ctrl !== shift) return ctrl ? (around.selection ? "copy" : null) : "paste";
  const own = mac ? meta && !ctrl : ctrl && !meta;
  if (own && (mac ? !shift : shift)) {
    if (code === "KeyC") return "copy";
    if (code === "KeyV") return "paste";
    if (code === "KeyF") return "find";
  }
  if (windows && ctrl && !shift && !meta && code === "KeyC" && around.selection) return "copy";
  if (windows && ctrl && !shift && !meta && code === "KeyV") return "paste";
  if (own) {
    if (key === "=" || key === "+" || code === "NumpadAdd") return "larger";
    if ((key === "-" && !shift) || code === "NumpadSubtract") return "smaller";
    if ((key === "0" && !shift) || code === "Numpad0") return "usual-size";
  }
  if (own && shift && !around.alternate) {
    if (key === "ArrowUp") return "previous-command";
    if (key === "ArrowDown") return "next-command";
  }
  return null;
}
