/** What can happen to an entry of the upper layer: each has a sign, a word and a sentence of its own. */
import type { Event } from "../../protocol/generated";

export const DEEDS = {
  created: { sign: "+", word: "lay.did_created", tell: "lay.tell_created" },
  copied_up: { sign: "↑", word: "lay.did_copied_up", tell: "lay.tell_copied_up" },
  whiteout: { sign: "✕", word: "lay.did_whiteout", tell: "lay.tell_whiteout" },
  opaque: { sign: "◼", word: "lay.did_opaque", tell: "lay.tell_opaque" },
  renamed: { sign: "→", word: "lay.did_renamed", tell: "lay.tell_renamed" },
  removed: { sign: "−", word: "lay.did_removed", tell: "lay.tell_removed" },
  written: { sign: "~", word: "lay.did_written", tell: "lay.tell_written" },
} as const;

export type Deed = keyof typeof DEEDS;

export const deedOf = (event: Event): Deed | null => (Object.hasOwn(DEEDS, event.kind) ? (event.kind as Deed) : null);
