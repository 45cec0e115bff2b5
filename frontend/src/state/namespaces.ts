/** The namespaces about a container, put in order for a matrix and two trees. No DOM. */
import type { NamespaceGraph, NamespaceObject, Process, Snapshot } from "../protocol/generated";

/** As `/proc/PID/ns` spells them. */
export const KINDS = ["mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time"] as const;
export const LINKS = [...KINDS, "pid_for_children", "time_for_children"] as const;
export type Kind = (typeof KINDS)[number];
export type LinkName = (typeof LINKS)[number];

/** What a process's link leads to, against the host's and against where it came from. */
export type Relation = "initial" | "shared" | "own" | "pending" | "unknown";

/** Processes that are in one and the same namespaces, and not all in PID 1's. */
export interface NamespaceSet {
  /** Host pid of the oldest: it names the set. */
  key: string;
  pids: string[];
  /** Only where it differs from PID 1; empty: asked for, and not there before the first child. */
  differs: Readonly<Record<string, string>>;
}

/** The sets made inside, oldest first. A zombie has but two links left and is in no set. */
export function nestedSets(graph: NamespaceGraph, processes: Readonly<Record<string, Process>>): NamespaceSet[] {
  const sets = new Map<string, NamespaceSet>();
  const keys = Object.keys(graph.differs).sort(
    (a, b) => age(processes[a]) - age(processes[b]) || Number(a) - Number(b),
  );
  for (const key of keys) {
    const differs = graph.differs[key] ?? {};
    if (Object.keys(differs).length === 0 || processes[key]?.state === "Z") continue;
    const signature = LINKS.map((link) => differs[link] ?? ".").join(" ");
    const known = sets.get(signature);
    if (known) known.pids.push(key);
    else sets.set(signature, { key, pids: [key], differs });
  }
  return [...sets.values()];
}

const age = (process: Process | undefined): number => process?.starttime ?? Number.MAX_SAFE_INTEGER;

/** The host's and PID 1's, by link; the graph's where there is one. A `_for_children` of the host is as its own. */
export function hostId(snapshot: Snapshot, link: LinkName): string | null {
  const kind = link.replace("_for_children", "") as Kind;
  return snapshot.host.namespaces[kind]?.id ?? null;
}

export function initId(snapshot: Snapshot, link: LinkName): string | null {
  return snapshot.graph?.own[link] ?? snapshot.container.namespaces[link]?.id ?? null;
}

/** `from`: what the one before it, towards the host, has. */
export function relation(id: string | null, host: string | null, from: string | null): Relation {
  if (id === "") return "pending";
  if (id === null) return "unknown";
  if (id === host) return "initial";
  return id === from ? "shared" : "own";
}

export interface Branch {
  id: string;
  object: NamespaceObject;
  children: Branch[];
}

/** The hierarchy of one kind that has one: `pid` or `user`. What has no known parent stands at the top. */
export function hierarchy(graph: NamespaceGraph, kind: "pid" | "user"): Branch[] {
  const branches = new Map<string, Branch>();
  for (const [id, object] of Object.entries(graph.objects)) {
    if (object.kind === kind) branches.set(id, { id, object, children: [] });
  }
  const tops: Branch[] = [];
  for (const branch of branches.values()) {
    const parent = branch.object.parent == null ? undefined : branches.get(branch.object.parent);
    (parent && parent !== branch ? parent.children : tops).push(branch);
  }
  const order = (a: Branch, b: Branch): number =>
    Number(b.object.initial) - Number(a.object.initial) || a.id.localeCompare(b.id);
  for (const { children } of branches.values()) children.sort(order);
  return tops.sort(order);
}

/** Kinds of the namespaces that belong to a user namespace, in the matrix's order, with how many. */
export function ownedBy(graph: NamespaceGraph, user: string): [Kind, number][] {
  const counts = new Map<string, number>();
  for (const object of Object.values(graph.objects)) {
    if (object.kind !== "user" && object.owner === user) counts.set(object.kind, (counts.get(object.kind) ?? 0) + 1);
  }
  return KINDS.flatMap((kind) => {
    const count = counts.get(kind);
    return count === undefined ? [] : [[kind, count] as [Kind, number]];
  });
}

/** Those that are there though no process of the container is in them. */
export function kept(graph: NamespaceGraph): [string, NamespaceObject][] {
  return Object.entries(graph.objects).filter(([, object]) => !object.initial && (object.kept_by ?? []).length > 0);
}
