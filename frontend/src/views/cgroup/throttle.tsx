/** The throttle clock: the scheduler's last periods as a ring, and in which of them the quota ran out. */
import { number } from "../../i18n/format";
import { t, tn } from "../../i18n/index";
import { usec } from "../../state/format";
import type { Sample } from "../../state/samples";

/** More segments than this cannot be told apart. */
const MOST = 24;

interface Props {
  points: readonly Sample[];
  quota: number | null;
  period: number | null;
}

export function Clock({ points, quota, period }: Props) {
  if (quota === null || period === null) return null;
  const latest = points.at(-1);
  const { periods = null, held = null } = latest ?? {};
  if (periods === null || held === null) return null;
  const waited = latest?.waited ?? 0;
  const text =
    periods === 0
      ? t("cg.clock_idle")
      : held === 0
        ? tn("cg.clock_free", periods)
        : waited === 0 // counted at the end of the wait, which is in the next look
          ? t("cg.clock_held_yet", { held: number(held), periods: number(periods) })
          : t("cg.clock_held", { held: number(held), periods: number(periods), waited: usec(waited) });
  return (
    <div class="cg-clock">
      <Ring periods={periods} held={held} />
      <p>
        {text} <span class="muted">{t("cg.clock_words", { period: usec(period) })}</span>
      </p>
    </div>
  );
}

/** How many of the segments are drawn as cut short: never none of some, nor all of not all. */
export function segments(periods: number, held: number): { all: number; cut: number } {
  if (periods <= MOST) return { all: periods, cut: Math.min(held, periods) };
  const share = Math.round((MOST * held) / periods);
  const cut = held === 0 ? 0 : held >= periods ? MOST : Math.min(MOST - 1, Math.max(1, share));
  return { all: MOST, cut };
}

/** The kernel counts periods and does not say which: those that were cut short are drawn last. */
function Ring({ periods, held }: { periods: number; held: number }) {
  const { all, cut } = segments(periods, held);
  const turn = 360 / Math.max(1, all);
  return (
    <svg class="cg-ring" viewBox="-20 -20 40 40" aria-hidden="true">
      <circle class="cg-ring-none" r="15" />
      {Array.from({ length: all }, (_, index) => {
        const from = index * turn + (all > 1 ? turn * 0.08 : 0);
        const to = (index + 1) * turn - (all > 1 ? turn * 0.08 : 0.01);
        const kind = index < all - cut ? "ran" : "cut";
        return <path key={index} class={`cg-ring-${kind}`} d={arc(from, to, 15)} />;
      })}
    </svg>
  );
}

function arc(from: number, to: number, radius: number): string {
  const at = (degrees: number): string => {
    const turn = ((degrees - 90) * Math.PI) / 180;
    return `${(radius * Math.cos(turn)).toFixed(2)} ${(radius * Math.sin(turn)).toFixed(2)}`;
  };
  return `M${at(from)}A${radius} ${radius} 0 ${to - from > 180 ? 1 : 0} 1 ${at(to)}`;
}
