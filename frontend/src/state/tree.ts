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
  /** Where among its siblings it stands on each side, from 1, and of how many; for those who hear it. */
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

/** A row whose place is not known yet: filled in while the tree is walked, for there may be a thousand of them. */
function unplaced(key: string, host: Process | null, inside: Process | null, ended: boolean): Row {
  const place = { hostLevel: 1, insideLevel: 1, children: 0, hostAt: 0, hostOf: 0, insideAt: 0, insideOf: 0 };
  return { key, host, inside, ended, parent: null, ...place };
}

/**
 * Rows in tree order, the oldest child first so that none moves when another is born.
 *
 * Walking the host's tree serves both: what descends from a process inside is inside as well, so the container's tree
 * is the host's with its top cut off.
 */
export function rows(container: Seen, host: Seen, ended: Marks["ended"]): Row[] {
  const nodes = new Map<string, Row>();
  for (const key of Object.keys(host)) {
    nodes.set(key, unplaced(key, host[key] ?? null, container[key] ?? null, false));
  }
  for (const key of Object.keys(container)) {
    if (!nodes.has(key)) nodes.set(key, unplaced(key, null, container[key] ?? null, false));
  }
  for (const { key, host, inside } of ended) if (!nodes.has(key)) nodes.set(key, unplaced(key, host, inside, true));

  const children = new Map<string | null, Row[]>();
  for (const node of nodes.values()) {
    const parent = parentOf(node, nodes);
    const siblings = children.get(parent);
    if (siblings) siblings.push(node);
    else children.set(parent, [node]);
  }
  for (const siblings of children.values()) siblings.sort(byBirth);

  const result: Row[] = [];
  const visited = new Set<string>();
  const put = (siblings: readonly Row[], parent: string | null, hostLevel: number, insideLevel: number): void => {
    const [onHost, within] = [count(siblings, (node) => node.host), count(siblings, (node) => node.inside)];
    let [host, inside] = [0, 0];
    for (const node of siblings) {
      if (visited.has(node.key)) continue;
      visited.add(node.key);
      const below = children.get(node.key) ?? NONE;
      if (node.host) host += 1;
      if (node.inside) inside += 1;
      node.parent = parent;
      node.hostLevel = hostLevel;
      node.insideLevel = insideLevel;
      node.children = below.length;
      node.hostAt = host;
      node.hostOf = onHost;
      node.insideAt = inside;
      node.insideOf = within;
      result.push(node);
      if (below.length > 0) put(below, node.key, hostLevel + 1, node.inside ? insideLevel + 1 : insideLevel);
    }
  };
  put(children.get(null) ?? NONE, null, 1, 1);
  // Numbers read while they changed hands may point in a circle; nothing is left out for that.
  for (const node of nodes.values()) if (!visited.has(node.key)) put([node], null, 1, 1);
  return result;
}

const NONE: readonly Row[] = [];

function count(siblings: readonly Row[], seen: (node: Row) => Process | null): number {
  let found = 0;
  for (const node of siblings) if (seen(node)) found += 1;
  return found;
}

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
  const of = weigh[order];
  const flat = all.filter((row) => row.inside !== null);
  const weights = new Map(flat.map((row) => [row.key, of(row)]));
  flat.sort((a, b) => (weights.get(b.key) ?? 0) - (weights.get(a.key) ?? 0));
  const level = all.find((row) => row.inside !== null)?.hostLevel ?? 1;
  return [
    ...all.filter((row) => row.inside === null),
    ...flat.map((row, index) => {
      const place = { hostAt: index + 1, hostOf: flat.length, insideAt: index + 1, insideOf: flat.length };
      return { ...row, hostLevel: level, insideLevel: 1, children: 0, parent: null, ...place };
    }),
  ];
}
