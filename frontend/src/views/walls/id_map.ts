/** The arithmetic of uid_map and gid_map (user_namespaces(7)). */
import type { IdRange } from "../../protocol/generated";

/** The last id there is: (uid_t) -1 means "no id". */
export const LAST_ID = 4_294_967_294;

export type Side = "inside" | "outside";

/** What `id` of one side is on the other; null: it is not mapped. */
export function translate(map: readonly IdRange[], id: number, from: Side): number | null {
  const to: Side = from === "inside" ? "outside" : "inside";
  const range = map.find((one) => id >= one[from] && id < one[from] + one.count);
  return range === undefined ? null : range[to] + (id - range[from]);
}

/** A stretch of one side's ids. `range`: the index in the map, null where nothing is mapped. */
export interface Stretch {
  from: number;
  to: number;
  range: number | null;
}

/** All ids of one side, from 0 to the last, in stretches. */
export function stretches(map: readonly IdRange[], side: Side): Stretch[] {
  const mapped = map
    .map((one, range) => ({ from: one[side], to: Math.min(LAST_ID, one[side] + one.count - 1), range }))
    .sort((a, b) => a.from - b.from);
  const all: Stretch[] = [];
  let next = 0;
  for (const stretch of mapped) {
    if (stretch.from > next) all.push({ from: next, to: stretch.from - 1, range: null });
    all.push(stretch);
    next = stretch.to + 1;
  }
  if (next <= LAST_ID) all.push({ from: next, to: LAST_ID, range: null });
  return all;
}

/** Where each stretch is drawn, in per cent: mapped ones wide, the rest narrow, as no true scale would show either. */
export function places(all: readonly Stretch[]): { left: number; width: number }[] {
  const weights = all.map(({ range }) => (range === null ? 2 : 3));
  const sum = weights.reduce((a, b) => a + b, 0);
  let left = 0;
  return weights.map((weight) => {
    const width = (100 * weight) / sum;
    const place = { left, width };
    left += width;
    return place;
  });
}

export const sameMap = (a: readonly IdRange[], b: readonly IdRange[]): boolean =>
  a.length === b.length &&
  a.every((one, index) => {
    const other = b[index];
    return other?.inside === one.inside && other.outside === one.outside && other.count === one.count;
  });

/** The map of the initial user namespace: every id is itself. */
export const isIdentity = (map: readonly IdRange[]): boolean =>
  map.length === 1 && map[0]?.inside === 0 && map[0].outside === 0 && map[0].count >= LAST_ID;
