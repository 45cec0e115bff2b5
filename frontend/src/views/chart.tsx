// biome-ignore-all lint/a11y/useSemanticElements: <meter> cannot hold a limit and a peak as marks
/** A running chart of the last three minutes on one fixed scale, the limit drawn as a line. Own SVG: it is that small. */
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

export function Chart({ points, series, top, limit, limitOf, peak = null, throttled = false, label }: Props) {
  const now = points.at(-1)?.t ?? 0;
  const x = (t: number): number => round(WINDOW_SECONDS - (now - t));
  const y = (value: number): number => round(HEIGHT - (HEIGHT * Math.min(value, top)) / top);
  const steps = limitOf ? changes(points, limitOf) : [];
  return (
    <svg
      class="chart"
      viewBox={`0 0 ${WINDOW_SECONDS} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
    >
      {[60, 120].map((at) => (
        <line key={at} class="chart-minute" x1={at} x2={at} y1="0" y2={HEIGHT} />
      ))}
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
      {series.map((one) => (
        <g key={one.class} class={one.class}>
          {runs(points, one.value).map((run) => {
            const line = run.map(([t, value], index) => `${index === 0 ? "M" : "L"}${x(t)} ${y(value)}`).join("");
            const first = run[0];
            const last = run.at(-1);
            return (
              <g key={first?.[0]}>
                {one.area && first && last && (
                  <path class="chart-area" d={`${line}L${x(last[0])} ${HEIGHT}L${x(first[0])} ${HEIGHT}Z`} />
                )}
                <path class="chart-line" d={line} />
              </g>
            );
          })}
        </g>
      ))}
      {peak !== null && <line class="chart-peak" x1="0" x2={WINDOW_SECONDS} y1={y(peak)} y2={y(peak)} />}
      {limit !== null && steps.length === 0 && (
        <line class="chart-limit" x1="0" x2={WINDOW_SECONDS} y1={y(limit)} y2={y(limit)} />
      )}
      {limitOf && steps.length > 0 && <path class="chart-limit" d={stairs(points, limitOf, x, y)} />}
      {steps.map(({ t }) => (
        <line key={t} class="chart-change" x1={x(t)} x2={x(t)} y1="0" y2={HEIGHT} />
      ))}
    </svg>
  );
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
  return drawn === null ? path : `${path}H${WINDOW_SECONDS}`;
}

/** Stretches without a hole: where a figure was missing there is no line. */
function runs(points: readonly Sample[], value: Series["value"]): [number, number][][] {
  const result: [number, number][][] = [];
  let run: [number, number][] = [];
  for (const point of points) {
    const at = value(point);
    if (at !== null) run.push([point.t, at]);
    else if (run.length > 0) {
      result.push(run);
      run = [];
    }
  }
  if (run.length > 0) result.push(run);
  return result;
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
