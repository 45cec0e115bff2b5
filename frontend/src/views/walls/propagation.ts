/** Mount propagation in words (mount_namespaces(7), proc_pid_mountinfo(5)). */
import type { Key } from "../../i18n/index";

export interface Propagation {
  /** Told apart without colour. */
  sign: string;
  word: Key;
  words: Key;
  /** The kernel's own word. */
  raw: string;
}

/** `shared:3 master:1` → both; `private`, or nothing, is one of its own. `propagate_from` only says more of `master`. */
export function propagations(text: string): Propagation[] {
  const found = text
    .split(" ")
    .map((raw): Propagation | null => {
      if (raw.startsWith("shared:")) return { sign: "⇄", word: "mt.prop_shared", words: "mt.prop_shared_words", raw };
      if (raw.startsWith("master:")) return { sign: "↓", word: "mt.prop_master", words: "mt.prop_master_words", raw };
      if (raw === "unbindable")
        return { sign: "⊘", word: "mt.prop_unbindable", words: "mt.prop_unbindable_words", raw };
      return null;
    })
    .filter((one) => one !== null);
  if (found.length > 0) return found;
  return [{ sign: "‖", word: "mt.prop_private", words: "mt.prop_private_words", raw: "private" }];
}
