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
  /** It has ended: shown once more, until the next change. */
  ended: boolean;
}

/** A side's processes by host pid. */
type Seen = Readonly<Record<string, Process>>;
type Node = Pick<Row, "key" | "host" | "inside" | "ended">;

/**
 * Rows in tree order, the oldest child first so that none moves when another is born.
 *
 * Walking the host's tree serves both: what descends from a process inside is inside as well, so the container's tree
 * is the host's with its top cut off.
 */
export function rows(container: Seen, host: Seen, ended: Marks["ended"]): Row[] {
  const nodes = new Map<string, Node>();
  for (const key of new Set([...Object.keys(host), ...Object.keys(container)])) {
    const seen = { host: host[key] ?? null, inside: container[key] ?? null };
    nodes.set(key, { key, ...seen, ended: false });
  }
  for (const one of ended) if (!nodes.has(one.key)) nodes.set(one.key, { ...one, ended: true });

  const children = new Map<string | null, Node[]>();
  for (const node of nodes.values()) {
    const parent = parentOf(node, nodes);
    const siblings = children.get(parent);
    if (siblings) siblings.push(node);
    else children.set(parent, [node]);
  }
  for (const siblings of children.values()) siblings.sort(byBirth);

  const result: Row[] = [];
  const visited = new Set<string>();
  const put = (node: Node, parent: string | null, hostLevel: number, insideLevel: number): void => {
    if (visited.has(node.key)) return;
    visited.add(node.key);
    const below = children.get(node.key) ?? [];
    result.push({ ...node, parent, hostLevel, insideLevel, children: below.length });
    for (const child of below) put(child, node.key, hostLevel + 1, node.inside ? insideLevel + 1 : insideLevel);
  };
  for (const top of children.get(null) ?? []) put(top, null, 1, 1);
  // Numbers read while they changed hands may point in a circle; nothing is left out for that.
  for (const node of nodes.values()) put(node, null, 1, 1);
  return result;
}

function parentOf(node: Node, nodes: ReadonlyMap<string, Node>): string | null {
  const key = node.host ? String(node.host.ppid) : null;
  if (key !== null && key !== node.key && nodes.has(key)) return key;
  if (node.host === null && node.inside !== null) {
    const pid = node.inside.ppid;
    for (const other of nodes.values()) if (other.inside?.pid === pid && other.key !== node.key) return other.key;
  }
  return null;
}

function byBirth(a: Node, b: Node): number {
  const one = a.host ?? a.inside;
  const two = b.host ?? b.inside;
  return (one?.starttime ?? 0) - (two?.starttime ?? 0) || Number(a.key) - Number(b.key);
}

/** The rows left when those below a folded one are hidden. */
export function unfolded(all: readonly Row[], folded: ReadonlySet<string>): Row[] {
  const hidden = new Set<string>();
  return all.filter((row) => {
    const gone = row.parent !== null && (folded.has(row.parent) || hidden.has(row.parent));
    if (gone) hidden.add(row.key);
    return !gone;
  });
}
