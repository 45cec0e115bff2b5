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
  /** The whole machine's, likewise. */
  machineCores: number | null;
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
  machine: Summary;
}

/** The running charts' memory: `add` each snapshot, read `points`. */
export class Samples {
  points: readonly Sample[] = [];
  #last: Counters | null = null;

  add(snapshot: Snapshot): void {
    const now: Counters = {
      boot: snapshot.boot_id,
      generation: snapshot.info.generation,
      t: snapshot.monotonic,
      summary: snapshot.container.cgroup.summary,
      machine: snapshot.host.cgroup.summary,
    };
    const last = this.#last;
    if (last && last.boot === now.boot && now.t <= last.t) return;
    this.#last = now;
    const comparable = last !== null && last.boot === now.boot && last.generation === now.generation;
    const point = sample(comparable ? last : null, now);
    const kept = last && last.boot === now.boot ? this.points.filter((p) => p.t >= now.t - WINDOW_SECONDS) : [];
    this.points = [...kept, point];
  }

  get latest(): Sample | null {
    return this.points.at(-1) ?? null;
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
  const machineFrom = before?.machine.cpu_usage_usec ?? null;
  const machineTo = now.machine.cpu_usage_usec ?? null;
  const machineGrown =
    machineFrom === null || machineTo === null || machineTo < machineFrom ? null : machineTo - machineFrom;
  const periods = grown("nr_periods");
  const throttled = grown("nr_throttled");
  return {
    t: now.t,
    memory: now.summary.memory_bytes ?? null,
    pids: now.summary.pids_current ?? null,
    cores: usec === null ? null : usec / 1e6,
    machineCores: machineGrown === null || seconds <= 0 ? null : machineGrown / seconds / 1e6,
    read: perSecond("io_read_bytes"),
    write: perSecond("io_write_bytes"),
    throttled: throttled === null ? null : periods ? Math.min(1, throttled / periods) : 0,
  };
}
