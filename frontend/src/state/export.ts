/** A moment as a file: what was shown, and what had happened by then. */
import { version } from "../../../package.json";
import type { Event, Snapshot } from "../protocol/generated";
import type { LiveStore } from "./live";

export interface Exported {
  product: "terrarium";
  version: string;
  /** ISO 8601: when the figures were taken, and when they were saved. */
  taken_at: string;
  exported_at: string;
  snapshot: Snapshot;
  /** Oldest first; `seq` 0: seen by the page in the figures, not told by the kernel. */
  events: Event[];
}

/** Null: there is nothing to save yet. */
export function exported(store: LiveStore, now: Date): Exported | null {
  const { snapshot } = store.view.peek();
  if (!snapshot) return null;
  const until = store.cursor.peek()?.at ?? Number.POSITIVE_INFINITY;
  return {
    product: "terrarium",
    version,
    taken_at: new Date(snapshot.taken_at * 1000).toISOString(),
    exported_at: now.toISOString(),
    snapshot,
    events: store.happenings.peek().flatMap((one) => (one.at <= until ? [one.event] : [])),
  };
}

/** `terrarium-quiet-fern-2026-01-02T03-04-05Z.json`: no colon, which not every file system takes. */
export function fileName(exported: Exported): string {
  const name = exported.snapshot.info.name.replace(/[^\p{L}\p{N}._-]+/gu, "-").slice(0, 60);
  return `terrarium-${name}-${exported.taken_at.replace(/\.\d+Z$/, "Z").replaceAll(":", "-")}.json`;
}
