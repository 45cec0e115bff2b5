/** How quick the terminal is, once a second while somebody looks. */
import { useEffect } from "preact/hooks";
import { type Key, t } from "../i18n/index";
import { speak } from "../ui/announce";
import { Icon } from "../ui/icons";
import type { XtermScreen } from "./screen";
import type { Session } from "./session";

/** Up to here a terminal feels as a local one; up to there one notices, and can work. */
const GOOD_MS = 40;
const FAIR_MS = 120;

export const verdictOf = (rttMs: number): "good" | "fair" | "poor" =>
  rttMs <= GOOD_MS ? "good" : rttMs <= FAIR_MS ? "fair" : "poor";

const ms = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));

interface Props {
  session: Session;
  screen: XtermScreen;
  onClose: () => void;
}

export function LatencyReadout({ session, screen, onClose }: Props) {
  useEffect(() => {
    session.watchLatency(true);
    return () => session.watchLatency(false);
  }, [session]);
  const now = session.latency.value;
  const echo = screen.echo.ms.value;
  const judged = now === null ? null : verdictOf(now.rttMs);
  const known = judged !== null;
  // Said once: who listens asks again by reading it.
  // biome-ignore lint/correctness/useExhaustiveDependencies: when the first figures are there
  useEffect(() => {
    if (now !== null && judged !== null) {
      speak(`${t("latency.round_trip", { ms: ms(now.rttMs) })}. ${t(`latency.${judged}` satisfies Key)}`);
    }
  }, [known]);

  return (
    <section class="term-latency" aria-label={t("latency.label")}>
      {now === null || judged === null ? (
        <span>{t("latency.waiting")}</span>
      ) : (
        <>
          <span class={`term-latency-word ${judged}`}>{t(`latency.${judged}` satisfies Key)}</span>
          <span class="num">{t("latency.round_trip", { ms: ms(now.rttMs) })}</span>
          <span class="num">{t("latency.worker", { ms: ms(now.webToWorkerMs) })}</span>
          <span class="num">{t("latency.loop", { ms: ms(now.loopLagMs) })}</span>
          <span class="num">{echo === null ? t("latency.no_echo") : t("latency.echo", { ms: ms(echo) })}</span>
        </>
      )}
      <button type="button" class="button icon small" aria-label={t("latency.close")} onClick={onClose}>
        <Icon name="close" />
      </button>
    </section>
  );
}
