/** Many events on a short line: those that would cover one another stand together. */
import type { Event } from "../protocol/generated";
import { type Happening, type Lane, laneOf } from "./happenings";

export interface Bucket {
  /** Lane and place: the same bucket has the same key while time goes on. */
  key: string;
  lane: Lane;
  /** Its middle, seconds since the epoch. */
  at: number;
  /** What it shows: the only one, else the most important, else the newest. */
  event: Event;
  count: number;
  important: boolean;
}

/**
 * Those between `from` and `to`, in cells `seconds` wide that are fixed in time, so that marks never change company
 * while the line moves. Without `lanes` those of all sorts stand together.
 */
export function buckets(
  list: readonly Happening[],
  from: number,
  to: number,
  seconds: number,
  important: (event: Event) => boolean,
  lanes = true,
): Bucket[] {
  const found: Bucket[] = [];
  const open = new Map<Lane | "", { cell: number; bucket: Bucket }>(); // in the order of time a cell ends where the next begins
  for (let index = list.length - 1; index >= 0; index--) {
    const one = list[index];
    if (!one || one.at > to) continue;
    if (one.at < from - seconds) break;
    const { event } = one;
    const lane = laneOf(event);
    const cell = Math.floor(one.at / seconds);
    const weighty = important(event);
    const weight = event.kind === "more" ? (event.count ?? 1) : 1;
    const last = open.get(lanes ? lane : "");
    if (last?.cell !== cell) {
      const key = lanes ? `${lane}${cell}` : String(cell);
      const bucket = { key, lane, at: (cell + 0.5) * seconds, event, count: weight, important: weighty };
      open.set(lanes ? lane : "", { cell, bucket });
      found.push(bucket);
    } else {
      const { bucket } = last;
      bucket.count += weight;
      if (weighty && !bucket.important) {
        bucket.event = event;
        bucket.lane = lane;
        bucket.important = true;
      }
    }
  }
  return found;
}

/** The events about a time, nearest first, for a tip. */
export function near(list: readonly Happening[], at: number, within: number): Happening[] {
  return list
    .filter((one) => Math.abs(one.at - at) <= within)
    .sort((a, b) => Math.abs(a.at - at) - Math.abs(b.at - at));
}
