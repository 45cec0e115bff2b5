/** What the page knows of one container, kept up by the worker's messages. No DOM, no socket. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Event, Process, Snapshot } from "../protocol/generated";
import type { LiveHandlers, LiveMessage } from "../protocol/live";
import { merge } from "../protocol/merge";
import { type AllMarks, mark, NO_MARKS } from "./marks";
import { type Sample, Samples } from "./samples";

export type Status = "loading" | "live" | "stale" | "gone" | "error";

/** Something that happened, worth a sentence. `at` is seconds since the epoch, the worker's clock. */
export type LiveEvent = { id: number; at: number } & (
  | { kind: "oom"; kills: number; limit: number | null; peak: number | null; victims: readonly Process[] }
  | { kind: "refused-fork"; times: number; limit: number | null }
  | { kind: "exit"; code: number | null; signal: number | null; oom: boolean; reason: string | null }
);

export interface LiveState {
  status: Status;
  /** The newest snapshot. Optional members that are null may be absent. */
  snapshot: Snapshot | null;
  /** The last snapshot with PID 1 alive: what the panels go on showing, dimmed, when the container has stopped. */
  alive: Snapshot | null;
  /** When the last message came, milliseconds since the epoch, this machine's clock. */
  heardAt: number;
  marks: AllMarks;
  points: readonly Sample[];
  events: readonly LiveEvent[];
  /** Why it is `gone` or in `error`, as the worker said it. */
  reason: string | null;
}

const MAX_EVENTS = 30;

const isAlive = (snapshot: Snapshot): boolean =>
  (snapshot.info.state === "running" || snapshot.info.state === "created") &&
  Object.keys(snapshot.container.processes).length > 0;

/** Give it to a `LiveSocket` as its handlers. */
export class LiveStore implements LiveHandlers {
  readonly #state = signal<LiveState>({
    status: "loading",
    snapshot: null,
    alive: null,
    heardAt: 0,
    marks: NO_MARKS,
    points: [],
    events: [],
    reason: null,
  });
  readonly #samples = new Samples();
  readonly #now: () => number;
  #eventId = 0;

  /** `snapshot`: what the server rendered into the page, shown until the first message. */
  constructor(snapshot: Snapshot | null = null, now: () => number = Date.now) {
    this.#now = now;
    if (snapshot) this.#take(snapshot, "loading", false);
  }

  get state(): ReadonlySignal<LiveState> {
    return this.#state;
  }

  subscribe(listener: (state: LiveState) => void): () => void {
    return this.#state.subscribe(listener);
  }

  /** A whole snapshot: the first, or the one after a connection was made anew. */
  snapshot(snapshot: Snapshot): void {
    this.#take(snapshot, "live", false);
  }

  /** The next patch, in order: the socket sees to that. */
  patch(patch: object): void {
    const before = this.#state.peek().snapshot;
    if (before) this.#take(merge(before, patch), "live", true);
  }

  /** Call it every second or so: the worker is silent while nothing changes, and the charts run on. */
  tick(): void {
    const { status, heardAt } = this.#state.peek();
    if (status === "live" && this.#samples.rest((this.#now() - heardAt) / 1000)) {
      this.#set({ points: this.#samples.points });
    }
  }

  /** What the kernel told: the timeline's. */
  happened(_events: readonly Event[]): void {}

  /** When the connection is lost, what is shown is the last that was seen. */
  connected(up: boolean): void {
    const { status, snapshot } = this.#state.peek();
    if (status === "gone") return;
    if (!snapshot) this.#set({ status: "loading" });
    else this.#set({ status: up ? "live" : "stale" });
  }

  /** The container was deleted. */
  gone(reason: string): void {
    this.#set({ status: "gone", reason });
  }

  refused(_code: string, message: string): void {
    this.#set({ status: "error", reason: message });
  }

  /** One message as it came over the wire: for recordings. */
  apply(message: LiveMessage): void {
    switch (message.re) {
      case "snapshot":
        this.snapshot(message.snapshot);
        break;
      case "patch":
        this.patch(message.patch);
        break;
      case "events":
        this.happened(message.events);
        break;
      case "gone":
        this.gone(message.reason);
        break;
      case "fault":
        this.refused(message.code, message.message);
        break;
    }
  }

  #take(snapshot: Snapshot, status: Status, follows: boolean): void {
    const old = this.#state.peek();
    this.#samples.add(snapshot, follows);
    const before = old.snapshot;
    // Another container, or another boot, is no change of this one.
    const same = before !== null && before.info.id === snapshot.info.id && before.boot_id === snapshot.boot_id;
    this.#set({
      status,
      snapshot,
      alive: isAlive(snapshot) ? snapshot : old.alive,
      heardAt: this.#now(),
      marks: same ? mark(old.marks, lastSeen(before, old.alive), snapshot, this.#now()) : NO_MARKS,
      points: this.#samples.points,
      events: same ? [...old.events, ...this.#events(before, snapshot)].slice(-MAX_EVENTS) : [],
      reason: null,
    });
  }

  #set(part: Partial<LiveState>): void {
    this.#state.value = { ...this.#state.peek(), ...part };
  }

  #events(before: Snapshot, after: Snapshot): LiveEvent[] {
    const found: LiveEvent[] = [];
    const stamp = (at = after.taken_at) => ({ id: ++this.#eventId, at });
    const old = before.container.cgroup.summary;
    const now = after.container.cgroup.summary;
    if (before.info.generation === after.info.generation) {
      const kills = rise(old.oom_kills, now.oom_kills);
      if (kills > 0) {
        const victims = vanished(before, after);
        const limit = now.memory_limit_bytes ?? null;
        found.push({ ...stamp(), kind: "oom", kills, limit, peak: now.memory_peak_bytes ?? null, victims });
      }
      const times = rise(refusedForks(before), refusedForks(after));
      if (times > 0) found.push({ ...stamp(), kind: "refused-fork", times, limit: now.pids_max ?? null });
    }
    if (before.info.state !== "stopped" && after.info.state === "stopped") {
      const exit = after.info.exit ?? null;
      found.push({
        ...stamp(exit?.at),
        kind: "exit",
        code: exit?.code ?? null,
        signal: exit?.signal ?? null,
        oom: exit?.oom ?? false,
        reason: exit?.reason ?? null,
      });
    }
    return found;
  }
}

/** Between two runs there are no namespaces: the new ones are compared with those of the run before. */
function lastSeen(before: Snapshot, alive: Snapshot | null): Snapshot {
  if (alive === null || isAlive(before)) return before;
  return { ...before, container: { ...before.container, namespaces: alive.container.namespaces } };
}

/** Who the OOM killer may have taken: those that ended in this pass, without their parents, which ended for want of them. */
function vanished(before: Snapshot, after: Snapshot): Process[] {
  const gone = Object.entries(before.container.processes).flatMap(([key]) => {
    const process = before.host.processes[key];
    return process && !(key in after.container.processes) ? [process] : [];
  });
  const parents = new Set(gone.map((process) => process.ppid));
  return gone.filter((process) => !parents.has(process.pid));
}

function rise(before: number | null | undefined, after: number | null | undefined): number {
  return typeof before === "number" && typeof after === "number" ? after - before : 0;
}

/** How often the pids controller said no: `max` of pids.events, the same file on v1 and v2. */
function refusedForks(snapshot: Snapshot): number | null {
  const events = snapshot.container.cgroup.pids["pids.events"];
  const max = typeof events === "object" && events !== null ? events.max : null;
  return typeof max === "number" ? max : null;
}
