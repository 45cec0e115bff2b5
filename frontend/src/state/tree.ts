/** One list of rows for both process trees: the same process stands in the same row on both sides. */
import type { Process } from "../protocol/generated";
import type { Marks } from "./marks";

export interface Row {
  /** The host pid: the process's name on both sides. */
  key: string;
  host: Process | null;
  /** Null where the container cannot see it. */
  inside: Process | null;
  /** Depth in that side's tree, 1 at its top. */
  hostLevel: number;
  insideLevel: number;
  parent: string | null;
  children: number;
  /** Where among its siblings it stands on each side, from 1, and of how many (−1: many); for those who hear it. */
  hostAt: number;
  hostOf: number;
  insideAt: number;
  insideOf: number;
  /** It has ended: shown once more, until the next change. */
  ended: boolean;
}

/** A side's processes by host pid. */
type Seen = Readonly<Record<string, Process>>;

const sizes = new WeakMap<Seen, number>();

/** How many there are. To list a thousand numbers as keys takes longer than one would think: each map is counted once. */
export function sizeOf(processes: Seen): number {
  let size = sizes.get(processes);
  if (size === undefined) {
    size = Object.keys(processes).length;
    sizes.set(processes, size);
  }
  return size;
}

/** Of so many siblings a row does not say how many they are: with each birth all of them would be others. */
const MANY_SIBLINGS = 80;

/** A row whose place is not known yet (`hostLevel` 0). */
function unplaced(key: string, host: Process | null, inside: Process | null, ended: boolean): Row {
  return {
    key,
    host,
    inside,
    ended,
    hostLevel: 0,
    insideLevel: 0,
    parent: null,
    children: 0,
    hostAt: 0,
    hostOf: 0,
    insideAt: 0,
    insideOf: 0,
  };
}

/**
 * Rows in tree order, the oldest child first so that none moves when another is born.
 *
 * Walking the host's tree serves both: what descends from a process inside is inside as well, so the container's tree
 * is the host's with its top cut off. A row that says the same as before is the same object, so that of a thousand of
 * them only those that changed are looked at again.
 */
export class Rows {
  #before: ReadonlyMap<string, Row> = new Map();

  of(container: Seen, host: Seen, ended: Marks["ended"]): Row[] {
    const nodes = new Map<string, Row>();
    const add = (key: string, outer: Process | null, inner: Process | null, over: boolean): void => {
      const old = this.#before.get(key);
      const same = old !== undefined && old.host === outer && old.inside === inner && old.ended === over;
      nodes.set(key, same ? old : unplaced(key, outer, inner, over));
    };
    let both = 0;
    for (const key of Object.keys(host)) {
      const inner = container[key] ?? null;
      if (inner !== null) both += 1;
      add(key, host[key] ?? null, inner, false);
    }
    if (both < sizeOf(container)) {
      for (const key of Object.keys(container)) if (!nodes.has(key)) add(key, null, container[key] ?? null, false);
    }
    for (const { key, host: outer, inside } of ended) if (!nodes.has(key)) add(key, outer, inside, true);

    const children = new Map<string | null, Row[]>();
    for (const node of nodes.values()) {
      const parent = parentOf(node, nodes);
      const siblings = children.get(parent);
      if (siblings) siblings.push(node);
      else children.set(parent, [node]);
    }
    for (const siblings of children.values()) siblings.sort(byBirth);

    const result: Row[] = [];
    const walked = walk(children, result, nodes);
    walked(children.get(null) ?? NONE, null, 1, 1);
    if (result.length < nodes.size) {
      // Numbers read while they changed hands may point in a circle; nothing is left out for that.
      const seen = new Set(result.map((row) => row.key));
      const rest = walk(children, result, nodes, seen);
      for (const node of nodes.values()) if (!seen.has(node.key)) rest([node], null, 1, 1);
    }
    this.#before = nodes;
    return result;
  }
}

/** Once, without anything before it. */
export const rows = (container: Seen, host: Seen, ended: Marks["ended"]): Row[] =>
  new Rows().of(container, host, ended);

type Walk = (siblings: readonly Row[], parent: string | null, hostLevel: number, insideLevel: number) => void;

/** Puts siblings and what is below them at the end of `result`; those in `seen` are passed over. */
function walk(
  children: ReadonlyMap<string | null, Row[]>,
  result: Row[],
  nodes: Map<string, Row>,
  seen: Set<string> | null = null,
): Walk {
  const put: Walk = (siblings, parent, hostLevel, insideLevel) => {
    let [onHost, within] = [0, 0];
    for (const node of siblings) {
      if (node.host) onHost += 1;
      if (node.inside) within += 1;
    }
    const [hostOf, insideOf] = [some(onHost), some(within)];
    let [hostAt, insideAt] = [0, 0];
    for (const node of siblings) {
      if (seen?.has(node.key)) continue;
      seen?.add(node.key);
      const below = children.get(node.key) ?? NONE;
      if (node.host) hostAt += 1;
      if (node.inside) insideAt += 1;
      if (
        node.parent !== parent ||
        node.hostLevel !== hostLevel ||
        node.insideLevel !== insideLevel ||
        node.children !== below.length ||
        node.hostAt !== hostAt ||
        node.hostOf !== hostOf ||
        node.insideAt !== insideAt ||
        node.insideOf !== insideOf
      ) {
        const place = { parent, hostLevel, insideLevel, children: below.length, hostAt, hostOf, insideAt, insideOf };
        const row = node.hostLevel === 0 ? Object.assign(node, place) : { ...node, ...place };
        nodes.set(row.key, row);
        result.push(row);
      } else result.push(node);
      if (below.length > 0) put(below, node.key, hostLevel + 1, node.inside ? insideLevel + 1 : insideLevel);
    }
  };
  return put;
}

const some = (count: number): number => (count > MANY_SIBLINGS ? -1 : count);

const NONE: readonly Row[] = [];

function parentOf(node: Row, nodes: ReadonlyMap<string, Row>): string | null {
  const key = node.host ? String(node.host.ppid) : null;
  if (key !== null && key !== node.key && nodes.has(key)) return key;
  if (node.host === null && node.inside !== null) {
    const pid = node.inside.ppid;
    for (const other of nodes.values()) if (other.inside?.pid === pid && other.key !== node.key) return other.key;
  }
  return null;
}

function byBirth(a: Row, b: Row): number {
  const one = a.host ?? a.inside;
  const two = b.host ?? b.inside;
  return (one?.starttime ?? 0) - (two?.starttime ?? 0) || Number(a.key) - Number(b.key);
}

/** The rows left when those below a folded one are hidden. */
export function unfolded(all: readonly Row[], folded: ReadonlySet<string>): readonly Row[] {
  if (folded.size === 0) return all;
  const hidden = new Set<string>();
  return all.filter((row) => {
    const gone = row.parent !== null && (folded.has(row.parent) || hidden.has(row.parent));
    if (gone) hidden.add(row.key);
    return !gone;
  });
}

export type Order = "tree" | "cpu" | "memory" | "newest";

/** What a row is put in order by. */
export interface Figures {
  rates: ReadonlyMap<string, number>;
  usage: Readonly<Record<string, { rss_bytes: number }>>;
}

/** In another order than the tree's: the host's own first, as they were, then a flat list, the most first. */
export function ordered(all: readonly Row[], order: Order, { rates, usage }: Figures): readonly Row[] {
  if (order === "tree") return all;
  const weigh: Record<Exclude<Order, "tree">, (row: Row) => number> = {
    cpu: (row) => rates.get(row.key) ?? 0,
    memory: (row) => usage[row.key]?.rss_bytes ?? 0,
    newest: (row) => (row.host ?? row.inside)?.starttime ?? 0,
  };
  const weight = weigh[order];
  const flat = all.filter((row) => row.inside !== null);
  const weights = new Map(flat.map((row) => [row.key, weight(row)]));
  flat.sort((a, b) => (weights.get(b.key) ?? 0) - (weights.get(a.key) ?? 0));
  const level = all.find((row) => row.inside !== null)?.hostLevel ?? 1;
  return [
    ...all.filter((row) => row.inside === null),
    ...flat.map((row, index) => {
      const of = some(flat.length);
      const place = { hostAt: index + 1, hostOf: of, insideAt: index + 1, insideOf: of };
      return { ...row, hostLevel: level, insideLevel: 1, children: 0, parent: null, ...place };
    }),
  ];
}
