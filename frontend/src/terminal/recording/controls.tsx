/** The controls of a replay, and its keys: they work wherever the focus is in it. */
import { useComputed } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { number } from "../../i18n/format";
import { t } from "../../i18n/index";
import { printable } from "../../state/format";
import { Icon } from "../../ui/icons";
import { type Deck, SPEEDS, skipping, speed } from "./deck";
import { length } from "./told";

/** Seconds of an arrow key, and with Shift. */
const STEP = 5;
const LEAP = 30;
/** So many seconds after a mark "previous" still means the one before it. */
const PASSED = 1;
/** A mark so near is the one that is shown. */
const SAME = 0.05;
/** A bar with more than that is all marks. */
const MOST_TICKS = 200;
const LABEL = 60;

interface Props {
  deck: Deck;
  note: string | null;
  children: ComponentChildren;
}

export function Controls({ deck, note, children }: Props) {
  const { markers, seconds } = deck.cast;
  const pace = deck.pace.value;
  const playing = deck.playing.value;
  const next = () => deck.seek(markers.find(({ at }) => at > deck.real.peek() + SAME)?.at ?? seconds);
  const previous = () => deck.seek(markers.findLast(({ at }) => at < deck.real.peek() - PASSED)?.at ?? 0);
  const faster = (by: 1 | -1) => {
    const to = SPEEDS[SPEEDS.indexOf(speed.peek()) + by];
    if (to !== undefined) speed.value = to;
  };

  const keys = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const target = event.target as HTMLElement;
    const onControl = target.closest("button, select, a, input[type=checkbox]") !== null;
    if (onControl && (event.key === " " || event.key === "Enter")) return;
    if (target instanceof HTMLSelectElement) return;
    const by = event.shiftKey ? LEAP : STEP;
    const moves: Record<string, (() => void) | undefined> = {
      " ": () => deck.toggle(),
      k: () => deck.toggle(),
      ArrowLeft: () => deck.skip(-by),
      ArrowRight: () => deck.skip(by),
      Home: () => deck.seek(0),
      End: () => deck.seek(seconds),
      "[": previous,
      "]": next,
      "<": () => faster(-1),
      ">": () => faster(1),
    };
    const tenth = /^[0-9]$/.test(event.key) ? Number(event.key) / 10 : null;
    const move = tenth === null ? moves[event.key] : () => deck.seek(pace.real(tenth * pace.seconds));
    if (!move) return;
    event.preventDefault();
    event.stopPropagation();
    move();
  };

  return (
    <section class="replay-stage" aria-label={t("recordings.replay")} onKeyDown={keys}>
      {children}
      <Bar deck={deck} />
      <div class="replay-controls" role="toolbar" aria-label={t("recordings.controls")}>
        <button
          type="button"
          class="button icon"
          aria-label={t(playing ? "recordings.pause" : "recordings.play")}
          title={`${t(playing ? "recordings.pause" : "recordings.play")} (k)`}
          onClick={() => deck.toggle()}
        >
          {playing ? <Pause /> : <Icon name="play" filled />}
        </button>
        <Clock deck={deck} />
        {markers.length > 0 && (
          <>
            <button
              type="button"
              class="button icon small"
              aria-label={t("recordings.previous_mark")}
              title={`${t("recordings.previous_mark")} ([)`}
              onClick={previous}
            >
              <Icon name="back" />
            </button>
            <button
              type="button"
              class="button icon small"
              aria-label={t("recordings.next_mark")}
              title={`${t("recordings.next_mark")} (])`}
              onClick={next}
            >
              <Icon name="right" />
            </button>
            <Label deck={deck} />
          </>
        )}
        <label class="replay-skip">
          <input
            type="checkbox"
            checked={skipping.value}
            onChange={(event) => {
              skipping.value = event.currentTarget.checked;
            }}
          />
          {t("recordings.skip_pauses")}
        </label>
        <label class="replay-speed">
          <span class="sr-only">{t("recordings.speed")}</span>
          <select
            value={String(speed.value)}
            title={`${t("recordings.speed")} (< >)`}
            onChange={(event) => {
              speed.value = Number(event.currentTarget.value);
            }}
          >
            {SPEEDS.map((one) => (
              <option key={one} value={String(one)}>
                {t("recordings.times", { times: number(one) })}
              </option>
            ))}
          </select>
        </label>
      </div>
      <p class="replay-note" role="status">
        {note}
      </p>
    </section>
  );
}

function Bar({ deck }: { deck: Deck }) {
  const pace = deck.pace.value;
  const at = pace.shown(deck.real.value);
  const end = Math.max(pace.seconds, 0.001);
  return (
    <div class="replay-bar">
      <input
        type="range"
        min={0}
        max={end}
        step="any"
        value={at}
        style={{ "--played": `${(100 * at) / end}%` }}
        aria-label={t("recordings.position")}
        aria-description={t("recordings.keys")}
        aria-valuetext={t("recordings.position_of", { at: length(at), all: length(pace.seconds) })}
        onInput={(event) => deck.seek(pace.real(Number(event.currentTarget.value)))}
      />
      {deck.cast.markers.slice(0, MOST_TICKS).map((marker, index) => (
        <span
          key={index}
          class="replay-tick"
          style={{ left: `${(100 * pace.shown(marker.at)) / end}%` }}
          title={brief(marker.label)}
          aria-hidden="true"
        />
      ))}
    </div>
  );
}

function Clock({ deck }: { deck: Deck }) {
  const words = useComputed(() => length(deck.pace.value.shown(deck.real.value)));
  return (
    <span class="replay-clock num">
      {words} / {length(deck.pace.value.seconds)}
    </span>
  );
}

/** The mark that was passed last: the command that runs. */
function Label({ deck }: { deck: Deck }) {
  const words = useComputed(() => {
    const at = deck.real.value + SAME;
    return brief(deck.cast.markers.findLast((marker) => marker.at <= at)?.label ?? "");
  });
  return <span class="replay-label mono">{words}</span>;
}

/** Marks come out of the container: anybody's text. */
const brief = (label: string): string => printable(label.length > LABEL ? `${label.slice(0, LABEL)}…` : label);

const Pause = () => (
  <svg class="icon-svg" viewBox="0 0 16 16" aria-hidden="true">
    <path d="M5.500 3.500v9M10.500 3.500v9" />
  </svg>
);
