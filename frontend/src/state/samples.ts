/**
 * Rates and the last three minutes, from our own samples.
 *
 * The worker sends counters, as the kernel keeps them; what they did per second is worked out here, between two
 * samples' own `monotonic` stamps, so that neither a late message nor a changed clock makes a spike.
 */
import type { Snapshot, Summary } from "../protocol/generated";

/** How far back a chart reaches, seconds. */
export const WINDOW_SECONDS = 180;

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
}

interface Counters {
  boot: string;
  generation: number;
  t: number;
  summary: Summary;
}

/** The worker says nothing while nothing changes. So long after its last word it is quiet, seconds. */
const QUIET_AFTER = 2.2;
/** Its pace, seconds: when it speaks again, what it tells of happened in the pass before. */
const PASS = 1;

/** The running charts' memory: `add` each snapshot, read `points`. */
export class Samples {
  points: readonly Sample[] = [];
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
    };
    const last = this.#last;
    if (last && last.boot === now.boot && now.t <= last.t) return;
    this.#last = now;
    const comparable = last !== null && last.boot === now.boot && last.generation === now.generation;
    const quiet = comparable && follows ? this.#quiet(now.t - PASS) : [];
    const before = comparable ? (quiet.length > 0 ? { ...last, t: now.t - PASS } : last) : null;
    const kept = last && last.boot === now.boot ? this.#heard : [];
    this.#heard = [...kept, ...quiet, sample(before, now)].filter((point) => point.t >= now.t - WINDOW_SECONDS);
    this.points = this.#heard;
  }

  /** Draws on through a silence of `seconds` since the last word. Returns whether there was something to draw. */
  rest(seconds: number): boolean {
    const from = this.#last;
    if (from === null || seconds < QUIET_AFTER) return false;
    const until = from.t + seconds;
    this.points = [...this.#heard, ...this.#quiet(until)].filter((point) => point.t >= until - WINDOW_SECONDS);
    return true;
  }

  /** What a silence that lasts until `until` looks like: the figures stay, the rates are nought. */
  #quiet(until: number): Sample[] {
    const last = this.#heard.at(-1);
    if (last === undefined || until - last.t < QUIET_AFTER - PASS) return [];
    const still = (rate: number | null): number | null => (rate === null ? null : 0);
    const point = { ...last, cores: still(last.cores), read: still(last.read), write: still(last.write), throttled: 0 };
    return [
      { ...point, t: last.t + PASS },
      { ...point, t: until },
    ];
  }
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
  return {
    t: now.t,
    memory: now.summary.memory_bytes ?? null,
    pids: now.summary.pids_current ?? null,
    cores: usec === null ? null : usec / 1e6,
    read: perSecond("io_read_bytes"),
    write: perSecond("io_write_bytes"),
    throttled: throttled === null ? null : periods ? Math.min(1, throttled / periods) : 0,
  };
}
