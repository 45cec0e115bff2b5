/**
 * Rates and the last three minutes, from our own samples.
 *
 * The worker sends counters, as the kernel keeps them; what they did per second is worked out here, between two
 * samples' own `monotonic` stamps, so that neither a late message nor a changed clock makes a spike.
 */
import type { Snapshot, Summary } from "../protocol/generated";

/** How far back a chart reaches, seconds. */
export const WINDOW_SECONDS = 180;
/** How far back a chart can be looked at. */
const KEPT_SECONDS = 600 + WINDOW_SECONDS;

/** One point of the charts. A rate is null where there is no earlier sample to compare with. */
export interface Sample {
  /** Seconds on the host's monotonic clock. */
  t: number;
  memory: number | null;
  pids: number | null;
  /** CPU in cores: 1.0 is one core. */
  cores: number | null;
  /** Bytes a second. */
  read: number | null;
  write: number | null;
  /** Share (0 to 1) of the scheduler's periods since the sample before in which the cgroup was throttled. */
  throttled: number | null;
  /** How many periods those were, and in how many of them the quota ran out: `nr_periods` and `nr_throttled`. */
  periods: number | null;
  held: number | null;
  /** How long threads were kept waiting in them, microseconds: `throttled_usec`. */
  waited: number | null;
  /** The limits at that moment: when one is changed, the charts show where. */
  limits: { memory: number | null; cores: number | null; pids: number | null };
  /** PSI, `some.memory`: share (0 to 1) of the time since the sample before in which at least one had to wait. */
  pressure: Readonly<Record<"some" | "full", Pressure>>;
}

export type Pressure = Readonly<Record<"cpu" | "memory" | "io", number | null>>;

interface Counters {
  boot: string;
  generation: number;
  t: number;
  summary: Summary;
  /** `some total` and `full total` of each file, microseconds. */
  stalls: Readonly<Record<"some" | "full", Pressure>>;
}

/** The worker says nothing while nothing changes. So long after its last word it is quiet, seconds. */
export const QUIET_AFTER = 2.2;
/** Its pace, seconds: when it speaks again, what it tells of happened in the pass before. */
export const PASS = 1;

/** The running charts' memory: `add` each snapshot, read `points`. */
export class Samples {
  /** The last three minutes. */
  points: readonly Sample[] = [];
  /** All there is. */
  #heard: readonly Sample[] = [];
  #last: Counters | null = null;

  /**
   * `follows`: it came as a patch of the snapshot before, so nothing between them went unheard: a longer silence was a
   * quiet one, and what changed did so in the last pass.
   */
  add(snapshot: Snapshot, follows: boolean): void {
    const now: Counters = {
      boot: snapshot.boot_id,
      generation: snapshot.info.generation,
      t: snapshot.monotonic,
      summary: snapshot.container.cgroup.summary,
      stalls: { some: stalls(snapshot, "some total"), full: stalls(snapshot, "full total") },
    };
    const last = this.#last;
    if (last && last.boot === now.boot && now.t <= last.t) return;
    this.#last = now;
    const comparable = last !== null && last.boot === now.boot && last.generation === now.generation;
    const silence = comparable && follows ? quiet(this.#heard.at(-1), now.t - PASS) : [];
    const before = comparable ? (silence.length > 0 ? { ...last, t: now.t - PASS } : last) : null;
    const kept = last && last.boot === now.boot ? this.#heard : [];
    this.#heard = [...kept, ...silence, sample(before, now)].filter((point) => point.t >= now.t - KEPT_SECONDS);
    this.points = since(this.#heard, now.t - WINDOW_SECONDS);
  }

  get all(): readonly Sample[] {
    return this.#heard;
  }

  /** The three minutes that ended at `t`, as they were drawn then. */
  until(t: number): readonly Sample[] {
    const heard = since(this.#heard, t - WINDOW_SECONDS).filter((point) => point.t <= t);
    return [...heard, ...quiet(heard.at(-1), t)];
  }

  /** Draws on through a silence of `seconds` since the last word. Returns whether there was something to draw. */
  rest(seconds: number): boolean {
    const from = this.#last;
    if (from === null || seconds < QUIET_AFTER) return false;
    const until = from.t + seconds;
    this.points = since([...this.#heard, ...quiet(this.#heard.at(-1), until)], until - WINDOW_SECONDS);
    return true;
  }
}

function since(points: readonly Sample[], t: number): readonly Sample[] {
  const from = points.findIndex((point) => point.t >= t);
  return from <= 0 ? (from === 0 ? points : []) : points.slice(from);
}

/** What a silence that lasts until `until` looks like: the figures stay, the rates are nought. */
function quiet(last: Sample | undefined, until: number): Sample[] {
  if (last === undefined || until - last.t < QUIET_AFTER - PASS) return [];
  const still = (rate: number | null): number | null => (rate === null ? null : 0);
  const calm = ({ cpu, memory, io }: Pressure) => ({ cpu: still(cpu), memory: still(memory), io: still(io) });
  const point: Sample = {
    ...last,
    cores: still(last.cores),
    read: still(last.read),
    write: still(last.write),
    throttled: 0,
    periods: still(last.periods),
    held: still(last.held),
    waited: still(last.waited),
    pressure: { some: calm(last.pressure.some), full: calm(last.pressure.full) },
  };
  return [
    { ...point, t: last.t + PASS },
    { ...point, t: until },
  ];
}

function sample(before: Counters | null, now: Counters): Sample {
  const seconds = before ? now.t - before.t : 0;
  const grown = (field: keyof Summary): number | null => {
    const from = before?.summary[field] ?? null;
    const to = now.summary[field] ?? null;
    return from === null || to === null || to < from ? null : to - from;
  };
  const perSecond = (field: keyof Summary): number | null => {
    const amount = grown(field);
    return amount === null || seconds <= 0 ? null : amount / seconds;
  };
  const usec = perSecond("cpu_usage_usec");
  const periods = grown("nr_periods");
  const throttled = grown("nr_throttled");
  const quota = now.summary.cpu_quota_usec ?? null;
  const period = now.summary.cpu_period_usec ?? null;
  return {
    t: now.t,
    memory: now.summary.memory_bytes ?? null,
    pids: now.summary.pids_current ?? null,
    cores: usec === null ? null : usec / 1e6,
    read: perSecond("io_read_bytes"),
    write: perSecond("io_write_bytes"),
    throttled: throttled === null ? null : periods ? Math.min(1, throttled / periods) : 0,
    periods,
    held: throttled,
    waited: grown("throttled_usec"),
    limits: {
      memory: now.summary.memory_limit_bytes ?? null,
      cores: quota !== null && period ? quota / period : null,
      pids: now.summary.pids_max ?? null,
    },
    pressure: {
      some: stalled(before?.stalls.some, now.stalls.some, seconds),
      full: stalled(before?.stalls.full, now.stalls.full, seconds),
    },
  };
}

/** What a cgroup2 directory's pressure files count, be it on the container's side or, on hybrid hosts, the host's. */
function stalls(snapshot: Snapshot, key: string): Pressure {
  const of = (section: "cpu" | "memory" | "io"): number | null => {
    const name = `${section}.pressure`;
    const figure = snapshot.container.cgroup[section][name] ?? snapshot.host.cgroup[section][name];
    const value = typeof figure === "object" && figure !== null ? figure[key] : null;
    return typeof value === "number" ? value : null;
  };
  return { cpu: of("cpu"), memory: of("memory"), io: of("io") };
}

function stalled(before: Pressure | undefined, now: Pressure, seconds: number): Pressure {
  const share = (from: number | null | undefined, to: number | null): number | null =>
    from == null || to === null || to < from || seconds <= 0 ? null : Math.min(1, (to - from) / (seconds * 1e6));
  return {
    cpu: share(before?.cpu, now.cpu),
    memory: share(before?.memory, now.memory),
    io: share(before?.io, now.io),
  };
}
