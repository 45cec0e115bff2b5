/**
 * What lies on the timeline. Everything stands at fixed places of a sheet that is pushed along: as time goes on, one
 * transform changes, and marks are only added and dropped.
 */
import { memo } from "preact/compat";
import { useMemo, useRef } from "preact/hooks";
import { t } from "../i18n/index";
import type { Event, Summary } from "../protocol/generated";
import { type Bucket, buckets } from "../state/buckets";
import type { LiveStore } from "../state/live";
import type { Sample } from "../state/samples";
import { IMPORTANT, LANES, LETTERS } from "./events_signs";

/** A mark's width, px; also that of a cell. */
const MARK = 14;
/** Height of the sparkline's box. */
const SPARK = 100;
/** So many points a line at most. */
const POINTS = 150;
/** The sheet begins here, so many windows before the left edge, and is laid anew when it has moved as far. */
const SHEET = 4;

interface Props {
  store: LiveStore;
  from: number;
  seconds: number;
  width: number;
  /** A lane for each sort of event; else all in one. */
  lanes: boolean;
}

export function Track({ store, from, seconds, width, lanes }: Props) {
  const sheet = useRef({ base: Number.NaN, seconds: 0, width: 0 });
  const laid = sheet.current;
  if (laid.seconds !== seconds || laid.width !== width || !(Math.abs(from - laid.base) < SHEET * seconds)) {
    sheet.current = { base: Math.floor(from), seconds, width };
  }
  const { base } = sheet.current;
  const scale = width / seconds;
  const list = store.happenings.value;
  const to = from + seconds;
  const first = store.moments[0]?.at ?? to;
  const last = store.moments.at(-1);
  // Cells are fixed in time: between two of them nothing comes or goes but what happens.
  const cell = MARK / scale;
  const [left, right] = [Math.floor(from / cell) * cell, Math.ceil(to / cell) * cell];
  const marks = useMemo(() => buckets(list, left, right, cell, important, lanes), [list, left, right, cell, lanes]);
  return (
    <div class="tl-track" aria-hidden="true">
      <div class="tl-sheet" style={{ transform: `translateX(${((base - from) * scale).toFixed(1)}px)` }}>
        <Spark
          samples={store.samples}
          offset={last ? last.at - last.snapshot.monotonic : 0}
          limits={last?.snapshot.container.cgroup.summary ?? null}
          base={base}
          scale={scale}
          from={from}
        />
        {first > from && (
          <span
            class="tl-unknown"
            title={t("time.unrecorded")}
            style={{ left: `${Math.round((from - base) * scale)}px`, width: `${Math.round((first - from) * scale)}px` }}
          />
        )}
        {marks.map((one) => (
          <Mark
            key={one.key}
            x={Math.round((one.at - base) * scale)}
            lane={lanes ? LANES.indexOf(one.lane) : 0}
            bucket={one}
          />
        ))}
      </div>
    </div>
  );
}

const important = (event: Event): boolean => IMPORTANT.has(event.kind) || event.kind === "namespace";

const Mark = memo(
  function Mark({ x, lane: line, bucket }: { x: number; lane: number; bucket: Bucket }) {
    const { lane, at, event, count, important } = bucket;
    return (
      <span
        class="ev-sign tl-mark"
        data-lane={lane}
        data-at={at}
        data-bad={event.kind === "oom" ? "true" : undefined}
        data-many={count > 1 ? "true" : undefined}
        data-important={important ? "true" : undefined}
        style={{ left: `${x}px`, "--lane": line }}
      >
        <b>{count === 1 || event.kind === "oom" ? LETTERS[event.kind] : count > 99 ? "99" : count}</b>
      </span>
    );
  },
  (a, b) => a.x === b.x && a.lane === b.lane && a.bucket.count === b.bucket.count && a.bucket.event === b.bucket.event,
);

interface SparkProps {
  samples: readonly Sample[];
  /** The worker's clock less the samples' monotonic one. */
  offset: number;
  limits: Summary | null;
  base: number;
  scale: number;
  from: number;
}

/** CPU as a line, memory as dashes: faint, for orientation; the figures are in the panels. Drawn when there are new ones. */
const Spark = memo(
  function Spark({ samples, offset, limits, base, scale, from }: SparkProps) {
    const first = samples.findIndex((one) => one.t + offset >= from);
    const seen = first < 0 ? [] : samples.slice(first);
    const quota = limits?.cpu_quota_usec ?? null;
    const cores = quota !== null && limits?.cpu_period_usec ? quota / limits.cpu_period_usec : null;
    const x = (one: Sample): number => (one.t + offset - base) * scale;
    return (
      <svg class="tl-spark" viewBox={`0 0 100 ${SPARK}`} preserveAspectRatio="none" aria-hidden="true">
        <path class="tl-memory" d={path(seen, x, (one) => one.memory, limits?.memory_limit_bytes ?? null)} />
        <path class="tl-cpu" d={path(seen, x, (one) => one.cores, cores)} />
      </svg>
    );
  },
  (a, b) => a.samples === b.samples && a.base === b.base && a.scale === b.scale,
);

type Figure = (sample: Sample) => number | null;

/** On a scale up to the limit, or to the most there was. */
function path(seen: readonly Sample[], x: (sample: Sample) => number, value: Figure, limit: number | null): string {
  const step = Math.max(1, Math.ceil(seen.length / POINTS));
  let top = limit ?? 0;
  if (limit === null) for (const one of seen) top = Math.max(top, value(one) ?? 0);
  if (top <= 0) return "";
  let line = "";
  let open = false;
  for (let index = (seen.length - 1) % step; index < seen.length; index += step) {
    const one = seen[index];
    const figure = one ? value(one) : null;
    if (one && figure !== null) {
      line += `${open ? "L" : "M"}${x(one).toFixed(1)} ${Math.round(SPARK - SPARK * Math.min(1, figure / top))}`;
    }
    open = figure !== null;
  }
  return line;
}
