// biome-ignore-all lint/a11y/useSemanticElements: <meter> cannot hold a limit and a peak as marks
/** A running chart of the last three minutes on one fixed scale, the limit drawn as a line. Own SVG: it is that small. */
import { memo } from "preact/compat";
import { useRef } from "preact/hooks";
import { type Sample, WINDOW_SECONDS } from "../state/samples";

export interface Series {
  value(sample: Sample): number | null;
  class: string;
  /** Filled down to zero. */
  area?: boolean;
}

interface Props {
  points: readonly Sample[];
  series: readonly Series[];
  /** The value at the upper edge. */
  top: number;
  limit: number | null;
  /** The limit as it was at each point: where it was changed, the line has a step and the chart a mark. */
  limitOf?: (sample: Sample) => number | null;
  peak?: number | null;
  /** Marks the stretches in which the scheduler held the container back. */
  throttled?: boolean;
  label: string;
}

const HEIGHT = 100;

export const Chart = memo(
  Drawn,
  // Without a new sample nothing of it moves; the functions differ with each drawing and say the same.
  (a, b) => a.points === b.points && a.top === b.top && a.limit === b.limit && a.peak === b.peak && a.label === b.label,
);

/**
 * Everything stands at its own time on a sheet that is pushed along: as time goes on one transform changes, not each mark.
 */
function Drawn({ points: all, series, top, limit, limitOf, peak = null, throttled = false, label }: Props) {
  const points = thin(all);
  const now = points.at(-1)?.t ?? 0;
  const sheet = useRef(now);
  if (Math.abs(now - sheet.current) > SHEET_SECONDS) sheet.current = now;
  const base = sheet.current;
  const x = (t: number): number => round(t - base);
  const y = (value: number): number => Math.round(10 * (HEIGHT - (HEIGHT * Math.min(value, top)) / top)) / 10;
  const steps = limitOf ? changes(points, limitOf) : [];
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${WINDOW_SECONDS} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      <line class="chart-minute" x1="60" x2="60" y1="0" y2={HEIGHT} />
      <line class="chart-minute" x1="120" x2="120" y1="0" y2={HEIGHT} />
      <g transform={`translate(${round(WINDOW_SECONDS - (now - base))} 0)`}>
        {throttled &&
          points.map((point, index) => {
            const before = points[index - 1];
            if (!before || !point.throttled) return null;
            const left = x(before.t);
            return (
              <rect
                key={point.t}
                class="chart-throttled"
                x={left}
                width={round(Math.max(x(point.t) - left, 0.3))}
                y={HEIGHT - 8}
                height="8"
                opacity={0.35 + 0.65 * point.throttled}
              />
            );
          })}
        {series.map((one) => {
          const { line, area } = paths(points, one.value, x, y);
          return (
            <g key={one.class} class={one.class}>
              {one.area && <path class="chart-area" d={area} />}
              <path class="chart-line" d={line} />
            </g>
          );
        })}
        {limitOf && steps.length > 0 && <path class="chart-limit" d={stairs(points, limitOf, x, y)} />}
        {steps.map(({ t }) => (
          <line key={t} class="chart-change" x1={x(t)} x2={x(t)} y1="0" y2={HEIGHT} />
        ))}
      </g>
      {peak !== null && <line class="chart-peak" x1="0" x2={WINDOW_SECONDS} y1={y(peak)} y2={y(peak)} />}
      {limit !== null && steps.length === 0 && (
        <line class="chart-limit" x1="0" x2={WINDOW_SECONDS} y1={y(limit)} y2={y(limit)} />
      )}
    </svg>
  );
}

/** After so long the sheet is laid anew, so that its numbers stay small. */
const SHEET_SECONDS = 600;
/** A chart is some 250 px wide: more than a sample a second would not be seen. */
const THIN_SECONDS = 0.9;

const thinned = new WeakMap<readonly Sample[], readonly Sample[]>();

/** Once for all charts of the same samples. */
function thin(points: readonly Sample[]): readonly Sample[] {
  let found = thinned.get(points);
  if (found === undefined) {
    found = apart(points);
    thinned.set(points, found);
  }
  return found;
}

/** The newest, and those before it that stand apart. Where the scheduler held it back, and where a limit changed, all. */
function apart(points: readonly Sample[]): readonly Sample[] {
  const kept: Sample[] = [];
  let next = Number.POSITIVE_INFINITY;
  for (let index = points.length - 1; index >= 0; index--) {
    const point = points[index];
    if (!point) continue;
    const later = kept.at(-1);
    const hole = later !== undefined && (later.memory === null) !== (point.memory === null);
    if (next - point.t < THIN_SECONDS && !hole && !point.throttled && sameLimits(later, point)) continue;
    kept.push(point);
    next = point.t;
  }
  return kept.reverse();
}

function sameLimits(a: Sample | undefined, b: Sample): boolean {
  const [one, two] = [a?.limits, b.limits];
  return one?.memory === two.memory && one?.cores === two.cores && one?.pids === two.pids;
}

/** A line for each stretch without a hole: where a figure was missing there is none. */
function paths(
  points: readonly Sample[],
  value: Series["value"],
  x: (t: number) => number,
  y: (value: number) => number,
): { line: string; area: string } {
  let [line, area, run] = ["", "", ""];
  let [first, last] = [0, 0];
  const close = (): void => {
    line += run;
    if (run !== "") area += `${run}L${last} ${HEIGHT}L${first} ${HEIGHT}Z`;
    run = "";
  };
  for (const point of points) {
    const figure = value(point);
    if (figure === null) {
      close();
      continue;
    }
    last = x(point.t);
    if (run === "") first = last;
    run += `${run === "" ? "M" : "L"}${last} ${y(figure)}`;
  }
  close();
  return { line, area };
}

export interface Step {
  /** Of the first sample that shows it. */
  t: number;
  from: number | null;
  to: number | null;
}

/** Where a limit was changed, oldest first. */
export function changes(points: readonly Sample[], limitOf: (sample: Sample) => number | null): Step[] {
  const found: Step[] = [];
  for (const [index, point] of points.entries()) {
    const before = points[index - 1];
    if (before === undefined) continue;
    const [from, to] = [limitOf(before), limitOf(point)];
    if (from !== to) found.push({ t: point.t, from, to });
  }
  return found;
}

function stairs(
  points: readonly Sample[],
  limitOf: (sample: Sample) => number | null,
  x: (t: number) => number,
  y: (value: number) => number,
): string {
  let path = "";
  let drawn: number | null = null;
  for (const point of points) {
    const value = limitOf(point);
    if (value !== null && value !== drawn) {
      path += drawn === null ? `M${x(point.t)} ${y(value)}` : `H${x(point.t)}V${y(value)}`;
    } else if (value === null && drawn !== null) path += `H${x(point.t)}`;
    drawn = value;
  }
  return drawn === null ? path : `${path}H${x(points.at(-1)?.t ?? 0)}`;
}

const round = (value: number): number => Math.round(value * 100) / 100;

interface MeterProps {
  value: number | null;
  limit: number | null;
  peak?: number | null;
  label: string;
  text: string;
}

/** A bar with the limit as a line a little before its end, so that "at the limit" looks like it. */
export function Meter({ value, limit, peak = null, label, text }: MeterProps) {
  if (value === null || limit === null || limit <= 0) return <div class="meter none" aria-hidden="true" />;
  const share = (figure: number): string => `${Math.min(100, (100 * figure) / (limit * HEADROOM))}%`;
  const level = value >= limit * 0.95 ? "full" : value >= limit * 0.8 ? "high" : "calm";
  return (
    <div
      class="meter"
      role="meter"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={limit}
      aria-valuenow={Math.min(value, limit)}
      aria-valuetext={text}
      data-level={level}
    >
      <span class="meter-fill" style={{ width: share(value) }} />
      {peak !== null && <span class="meter-peak" style={{ left: share(peak) }} />}
      <span class="meter-limit" style={{ left: share(limit) }} />
    </div>
  );
}

/** How far a scale goes beyond the limit. */
export const HEADROOM = 1.08;
