/** What the page knows of one container, kept up by the worker's messages. No DOM, no socket. */
import { batch, computed, type ReadonlySignal, signal } from "@preact/signals";
import type { Event, Process, Snapshot } from "../protocol/generated";
import type { LiveHandlers, LiveMessage } from "../protocol/live";
import { merge } from "../protocol/merge";
import { type Happening, Happenings, type LiveEvent } from "./happenings";
import { History, type Moment } from "./history";
import { type AllMarks, mark, NO_MARKS, type Touched } from "./marks";
import { NO_RATES, type Rates, rates } from "./rates";
import { type Sample, Samples } from "./samples";
import { sizeOf } from "./tree";

export type { Happening, LiveEvent } from "./happenings";

export type Status = "loading" | "live" | "stale" | "gone" | "error";

export interface LiveState {
  status: Status;
  /** The newest snapshot. Optional members that are null may be absent. */
  snapshot: Snapshot | null;
  /** The last snapshot with PID 1 alive: what the panels go on showing, dimmed, when the container has stopped. */
  alive: Snapshot | null;
  /** When the last message came, milliseconds since the epoch, this machine's clock. */
  heardAt: number;
  marks: AllMarks;
  /** What each process uses of the CPU. */
  rates: Rates;
  points: readonly Sample[];
  events: readonly LiveEvent[];
  /** Why it is `gone` or in `error`, as the worker said it. */
  reason: string | null;
}

/** The time looked at, and the moment shown for it. */
export interface Cursor {
  /** Seconds since the epoch, the worker's clock. */
  at: number;
  moment: Moment;
}

/** A sample that shows what happened comes within so many seconds, or the figures did not move. */
const SHOWS_WITHIN = 3;

/** The right edge moves by so many seconds at least: all that stands on the timeline follows it, and its clock shows seconds. */
const EDGE_STEP = 0.9;

function isAlive(snapshot: Snapshot): boolean {
  const { state } = snapshot.info;
  return (state === "running" || state === "created") && sizeOf(snapshot.container.processes) > 0;
}

/** Give it to a `LiveSocket` as its handlers. */
export class LiveStore implements LiveHandlers {
  readonly #state = signal<LiveState>({
    status: "loading",
    snapshot: null,
    alive: null,
    heardAt: 0,
    marks: NO_MARKS,
    rates: NO_RATES,
    points: [],
    events: [],
    reason: null,
  });
  readonly #samples = new Samples();
  readonly #history = new History();
  readonly #told = new Happenings();
  readonly #happenings = signal<readonly Happening[]>([]);
  readonly #cursor = signal<Cursor | null>(null);
  readonly #edge = signal(0);
  readonly #now: () => number;
  #since = 0;

  readonly #status = computed(() => this.#state.value.status);
  readonly #reason = computed(() => this.#state.value.reason);
  /** What is to be shown: the newest, or the moment at the cursor. Does not change while it is held still. */
  readonly view: ReadonlySignal<LiveState> = computed(() => {
    const cursor = this.#cursor.value;
    return cursor === null ? this.#state.value : this.#past(cursor, this.#status.value, this.#reason.value);
  });

  /** `snapshot`: what the server rendered into the page, shown until the first message. */
  constructor(snapshot: Snapshot | null = null, now: () => number = Date.now) {
    this.#now = now;
    if (snapshot) this.#take(snapshot, "loading", false);
  }

  get state(): ReadonlySignal<LiveState> {
    return this.#state;
  }

  /** Null: live. */
  get cursor(): ReadonlySignal<Cursor | null> {
    return this.#cursor;
  }

  /** All that happened, oldest first; also what is later than the cursor. */
  get happenings(): ReadonlySignal<readonly Happening[]> {
    return this.#happenings;
  }

  /** The time of the right edge: now, by the worker's clock. Moves with every message and `tick`. */
  get edge(): ReadonlySignal<number> {
    return this.#edge;
  }

  /** The moments that can be looked at, oldest first. */
  get moments(): readonly Moment[] {
    return this.#history.moments;
  }

  /** The samples behind the charts, as far back as there are any. */
  get samples(): readonly Sample[] {
    return this.#samples.all;
  }

  /** When the first whole snapshot came: what happened before is old news. */
  get since(): number {
    return this.#since;
  }

  subscribe(listener: (state: LiveState) => void): () => void {
    return this.#state.subscribe(listener);
  }

  // -- looking back ---------------------------------------------------------------------------------------------------

  /** Holds the panels still. What happens meanwhile is recorded. */
  pause(): void {
    const moment = this.#history.last;
    if (moment && this.#cursor.peek() === null) {
      this.#cursor.value = { at: Math.max(moment.at, this.#edge.peek()), moment };
    }
  }

  /** Back to live. */
  resume(): void {
    this.#cursor.value = null;
  }

  /** Shows how it was at this time; at the right edge or beyond it is live again. */
  seek(at: number): void {
    const first = this.#history.first;
    if (first === null) return;
    if (at >= this.#edge.peek()) {
      this.resume();
      return;
    }
    const moment = this.#history.at(at);
    if (moment) this.#cursor.value = { at: Math.max(at, first.at), moment };
  }

  /** To the next sample (1) or the one before (−1). A step beyond the last is live. */
  step(by: 1 | -1): void {
    const cursor = this.#cursor.peek();
    if (cursor === null && by > 0) return;
    const last = this.#history.last;
    const moment = this.#history.step(cursor?.at ?? last?.at ?? 0, by);
    if (moment) this.#cursor.value = { at: moment.at, moment };
    else if (by > 0) this.resume();
    else if (cursor === null) this.pause();
  }

  /** To the first moment that shows what happened then. */
  jump(at: number): void {
    const after = this.#history.from(at);
    const moment = after && after.at - at < SHOWS_WITHIN ? after : this.#history.at(at);
    if (moment) this.#cursor.value = { at: Math.max(at, moment.at), moment };
  }

  // -- the worker's messages ------------------------------------------------------------------------------------------

  /** A whole snapshot: the first, or the one after a connection was made anew. */
  snapshot(snapshot: Snapshot): void {
    this.#take(snapshot, "live", false);
  }

  /** The next patch, in order: the socket sees to that. */
  patch(patch: object): void {
    const before = this.#state.peek().snapshot;
    if (before) this.#take(merge(before, patch), "live", true, patch);
  }

  /** Call it every second or so: the worker is silent while nothing changes, and the charts run on. */
  tick(): void {
    const { status, heardAt } = this.#state.peek();
    const now = this.#now();
    batch(() => {
      if (status === "live" && this.#samples.rest((now - heardAt) / 1000)) this.#set({ points: this.#samples.points });
      // Where messages come, they move the edge, and the timeline is drawn with what they changed.
      if (now - heardAt >= 1000 || status !== "live") this.#moveEdge(now);
    });
  }

  /** What the kernel told. In order; some may have been heard before. */
  happened(events: readonly Event[]): void {
    if (!this.#told.hear(events)) return;
    batch(() => {
      this.#happenings.value = this.#told.list;
      // The marks are drawn anew anyway, and the edge with them: none of them is later than now.
      const newest = this.#told.list.at(-1)?.at ?? 0;
      if (newest > this.#edge.peek() && this.#edge.peek() > 0)
        this.#edge.value = Math.max(newest, this.#history.last?.at ?? 0);
      if (this.#told.stories !== this.#state.peek().events) this.#set({ events: this.#told.stories });
    });
  }

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

  /** `patch`: what made it of the one before. */
  #take(snapshot: Snapshot, status: Status, follows: boolean, patch: Patch | null = null): void {
    const old = this.#state.peek();
    const before = old.snapshot;
    // Another container, or another boot, is no change of this one.
    const same = before !== null && before.info.id === snapshot.info.id && before.boot_id === snapshot.boot_id;
    if (before !== null && !same) this.#forget();
    const now = this.#now();
    if (!follows && this.#since === 0) this.#since = snapshot.taken_at;
    this.#samples.add(snapshot, follows);
    if (same) this.#told.derive(this.#events(before, snapshot));
    const next: LiveState = {
      status,
      snapshot,
      alive: isAlive(snapshot) ? snapshot : old.alive,
      heardAt: now,
      marks: same ? mark(old.marks, lastSeen(before, old.alive), snapshot, now, touched(patch)) : NO_MARKS,
      rates: same ? rates(before, snapshot, follows, old.rates, patch ? keys(patch.usage) : undefined) : NO_RATES,
      points: this.#samples.points,
      events: this.#told.stories,
      reason: null,
    };
    const { alive, marks, rates: used } = next;
    this.#history.add({ at: snapshot.taken_at, snapshot, alive, marks, rates: used }, same ? patch : null);
    // In one go: what follows both the figures and the edge is reckoned once.
    batch(() => {
      this.#happenings.value = this.#told.list;
      this.#state.value = next;
      this.#moveEdge(now);
    });
  }

  #forget(): void {
    this.#history.clear();
    this.#told.clear();
    this.#happenings.value = [];
    this.#cursor.value = null;
    this.#edge.value = 0;
    this.#since = 0;
  }

  #moveEdge(clock: number): void {
    const { status, heardAt, snapshot } = this.#state.peek();
    if (!snapshot) return;
    const silence = status === "live" ? Math.max(0, clock - heardAt) / 1000 : 0;
    const now = (this.#history.last?.at ?? snapshot.taken_at) + silence;
    if (now - this.#edge.peek() >= EDGE_STEP) this.#edge.value = now;
  }

  #past({ at, moment }: Cursor, status: Status, reason: string | null): LiveState {
    const { snapshot, alive, marks } = moment;
    const t = snapshot.monotonic + (at - moment.at);
    return {
      status,
      snapshot,
      alive,
      heardAt: moment.at * 1000,
      marks,
      rates: moment.rates,
      points: this.#samples.until(t),
      events: this.#told.stories.filter((story) => story.at <= at),
      reason,
    };
  }

  #set(part: Partial<LiveState>): void {
    this.#state.value = { ...this.#state.peek(), ...part };
  }

  #events(before: Snapshot, after: Snapshot): LiveEvent[] {
    const found: LiveEvent[] = [];
    const stamp = (at = after.taken_at) => ({ id: this.#told.nextId(), at });
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

/** As much of a patch as is asked which processes it names. */
interface Patch {
  host?: { processes?: object | null } | null;
  container?: { processes?: object | null } | null;
  usage?: object | null;
}

const keys = (map: object | null | undefined): string[] => Object.keys(map ?? {});

function touched(patch: Patch | null): Touched | null {
  return patch && { host: keys(patch.host?.processes), container: keys(patch.container?.processes) };
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
