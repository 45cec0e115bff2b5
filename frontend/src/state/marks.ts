/**
 * What the last change was, so that a view can mark it.
 *
 * Each domain (a panel) keeps the marks of its own last change until the next one; ticking numbers are no change.
 */
import type { Change, Interface, Namespace, Process, Snapshot, Walls } from "../protocol/generated";
import { sizeOf } from "./tree";

export type Domain = "processes" | "namespaces" | "cgroup" | "overlay" | "mounts" | "devices" | "identity" | "network";
export type Sign = "+" | "−" | "~";

/** `beat` grows with each change: views restart their fading tint by it. `at` is milliseconds since the epoch. */
export interface Marks {
  beat: number;
  at: number;
  signs: ReadonlyMap<string, Sign>;
  /** Processes that ended in this change or a little before, as last seen: shown once more, struck out. */
  ended: readonly Ended[];
  /** Paths that left the upper layer in this change. */
  vanished: readonly { path: string; change: Change }[];
}

/** `at` is milliseconds since the epoch. */
export interface Ended {
  key: string;
  at: number;
  host: Process | null;
  inside: Process | null;
}

export type AllMarks = Readonly<Record<Domain, Marks>>;

const NONE: Marks = { beat: 0, at: 0, signs: new Map(), ended: [], vanished: [] };
export const NO_MARKS: AllMarks = {
  processes: NONE,
  namespaces: NONE,
  cgroup: NONE,
  overlay: NONE,
  mounts: NONE,
  devices: NONE,
  identity: NONE,
  network: NONE,
};

/** How long, at least, one that ended can be seen so, milliseconds. */
const STAYS_MS = 4000;
const MOST_ENDED = 40;

/** Host pids, per side, beyond which nothing changed: what a patch names. */
export interface Touched {
  host: readonly string[];
  container: readonly string[];
}

/**
 * The marks after `after` replaced `before`; a domain in which nothing changed keeps the marks it had.
 *
 * `touched` spares looking through a thousand processes for the one that was born.
 */
export function mark(
  marks: AllMarks,
  before: Snapshot,
  after: Snapshot,
  at: number,
  touched: Touched | null = null,
): AllMarks {
  const next = { ...marks };
  const put = (domain: Domain, signs: Map<string, Sign>, extra: Partial<Marks> = {}): void => {
    if (signs.size === 0) return;
    next[domain] = { ended: [], vanished: [], ...extra, signs, at, beat: marks[domain].beat + 1 };
  };

  const [were, are] = [before.container.processes, after.container.processes];
  const processes = compare(before.host.processes, after.host.processes, sameProcess, touched?.host);
  for (const [key, sign] of compare(were, are, sameProcess, touched?.container)) {
    if (!processes.has(key)) processes.set(key, sign);
  }
  if (processes.size > 0 && sizeOf(after.host.processes) === 0) {
    // A stopped container has no picture of the host either; those outside it have not ended.
    for (const key of processes.keys()) if (!(key in before.container.processes)) processes.delete(key);
  }
  const ended = [...processes].flatMap(([key, sign]) => {
    if (sign !== "−") return [];
    const host = before.host.processes[key] ?? null;
    const inside = before.container.processes[key] ?? null;
    return [{ key, at, host, inside }];
  });
  const stay = marks.processes.ended.filter((one) => at - one.at < STAYS_MS && !(one.key in after.host.processes));
  put("processes", processes, { ended: [...stay, ...ended].slice(-MOST_ENDED) });
  const spaces = compare(before.container.namespaces, after.container.namespaces, sameNamespace);
  if (before.graph && after.graph) {
    // By what readlink prints; how many are in one ticks, and is no change.
    for (const [id, sign] of compare(before.graph.objects, after.graph.objects, () => true)) spaces.set(id, sign);
    for (const [link, sign] of compare(before.graph.own, after.graph.own, Object.is)) spaces.set(link, sign);
  }
  put("namespaces", spaces);
  put("cgroup", compare(limits(before), limits(after), Object.is));

  const overlay = compare(before.host.overlay.changes, after.host.overlay.changes, sameChange);
  const vanished = [...overlay].flatMap(([path, sign]) => {
    const change = before.host.overlay.changes[path];
    return sign === "−" && change ? [{ path, change }] : [];
  });
  put("overlay", overlay, { vanished });
  if (before.walls !== after.walls && before.walls && after.walls) markWalls(before.walls, after.walls, put);
  return next;
}

type Put = (domain: Domain, signs: Map<string, Sign>) => void;

/** By mount id, name below /dev, name of an interface, and field of `Identity`. Byte counters tick, and are no change. */
function markWalls(before: Walls, after: Walls, put: Put): void {
  if (before.mounts && after.mounts) put("mounts", compare(before.mounts.container, after.mounts.container, sameText));
  if (before.devices && after.devices) {
    put("devices", compare(before.devices.container, after.devices.container, sameText));
  }
  if (before.identity && after.identity) {
    put("identity", compare({ ...before.identity }, { ...after.identity }, sameText));
  }
  if (before.network && after.network) {
    const [one, two] = [before.network.container.interfaces, after.network.container.interfaces];
    put("network", compare(one, two, sameInterface));
  }
}

function sameInterface(a: Interface, b: Interface): boolean {
  return sameText({ ...a, rx_bytes: 0, tx_bytes: 0 }, { ...b, rx_bytes: 0, tx_bytes: 0 });
}

/** For what is small and seldom moves. */
const sameText = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

function compare<T>(
  before: Readonly<Record<string, T>>,
  after: Readonly<Record<string, T>>,
  same: (a: T, b: T) => boolean,
  keys?: readonly string[],
): Map<string, Sign> {
  const signs = new Map<string, Sign>();
  if (before === after) return signs;
  for (const key of keys ?? Object.keys(after)) {
    const [old, value] = [own(before, key), own(after, key)];
    if (old === value) continue; // most of them: what no patch touched is the same object
    if (value === undefined) signs.set(key, "−");
    else if (old === undefined) signs.set(key, "+");
    else if (!same(old, value)) signs.set(key, "~");
  }
  if (keys === undefined) for (const key of Object.keys(before)) if (!Object.hasOwn(after, key)) signs.set(key, "−");
  return signs;
}

const own = <T>(map: Readonly<Record<string, T>>, key: string): T | undefined =>
  Object.hasOwn(map, key) ? map[key] : undefined;

/** Running and sleeping alternate all the time, and tell nothing; a zombie, a stop, an exec and a new parent do. */
function sameProcess(a: Process, b: Process): boolean {
  return (
    a.starttime === b.starttime &&
    a.ppid === b.ppid &&
    a.comm === b.comm &&
    a.uid === b.uid &&
    settled(a.state) === settled(b.state) &&
    sameWords(a.cmdline, b.cmdline)
  );
}

function sameWords(a: readonly string[], b: readonly string[]): boolean {
  return a === b || (a.length === b.length && a.every((word, index) => word === b[index]));
}

function settled(state: string): string {
  return "RSDI".includes(state) ? "" : state;
}

function sameNamespace(a: Namespace, b: Namespace): boolean {
  return a.id == null || b.id == null || a.id === b.id; // one that cannot be told is not another one
}

function sameChange(a: Change, b: Change): boolean {
  return a.kind === b.kind && a.type === b.type && a.size_bytes === b.size_bytes && a.blocks_bytes === b.blocks_bytes;
}

/** The figures of a cgroup that do not tick: limits, and the counts that rise only when something happened. */
function limits(snapshot: Snapshot): Record<string, number | null> {
  const s = snapshot.container.cgroup.summary;
  return {
    memory_limit_bytes: s.memory_limit_bytes ?? null,
    oom_kills: s.oom_kills ?? null,
    cpu_quota_usec: s.cpu_quota_usec ?? null,
    pids_max: s.pids_max ?? null,
  };
}
