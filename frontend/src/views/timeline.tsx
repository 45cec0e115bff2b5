/** The timeline below the panels: pause, scrub, step, zoom, and what happened, as marks. */
import { useComputed } from "@preact/signals";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { t, tn } from "../i18n/index";
import { near } from "../state/buckets";
import { clock } from "../state/format";
import type { LiveStore } from "../state/live";
import { isNumber, remembered } from "../ui/preferences";
import { useSurroundings } from "./context";
import { EventList } from "./events";
import { placeOf } from "./events_signs";
import { sentence } from "./events_words";
import { Track } from "./timeline_track";

const ZOOMS = [60, 300, 600] as const;
/** Page Up and Page Down. */
const LEAP = 10;
const TIP_LINES = 4;

const zoom = remembered(
  "timeline.seconds",
  60,
  (value): value is number => isNumber(value) && ZOOMS.some((one) => one === value),
);

/** From nothing but the bar, to all in one line, to a lane for each sort. Null: as there is room. */
const SIZES = ["bar", "line", "lanes"] as const;
export type Size = (typeof SIZES)[number];
/** Width of the panels, px, below which a line is enough. */
const ROOMY = 480;

const chosen = remembered("timeline.size", null as Size | null, (value): value is Size | null =>
  SIZES.some((one) => one === value),
);

export function Timeline({ store }: { store: LiveStore }) {
  const [listed, setListed] = useState(false);
  const count = useComputed(() => store.happenings.value.length);
  const frame = useRef<HTMLElement>(null);
  const [roomy, setRoomy] = useState(true);
  useLayoutEffect(() => {
    const element = frame.current;
    if (!element) return;
    const observer = new ResizeObserver(() => setRoomy(element.clientWidth === 0 || element.clientWidth >= ROOMY));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const size = chosen.value ?? (roomy ? "lanes" : "line");
  return (
    <section class="timeline" aria-label={t("time.bar")} ref={frame}>
      {listed && <EventList store={store} />}
      <div class="tl-bar">
        <PlayButtons store={store} />
        <Where store={store} />
        <button type="button" class="button small tl-list" aria-expanded={listed} onClick={() => setListed(!listed)}>
          {t("happened.title")} <span class="num muted">{count}</span>
        </button>
        {size !== "bar" && <Zoom />}
        <Resize size={size} />
      </div>
      {size !== "bar" && <Line store={store} lanes={size === "lanes"} />}
    </section>
  );
}

function PlayButtons({ store }: { store: LiveStore }) {
  const paused = useComputed(() => store.cursor.value !== null).value;
  return (
    <div class="tl-play">
      <Tool
        label={t("time.previous")}
        hint={`${t("time.previous")} (T)`}
        onClick={() => store.step(-1)}
        path="M10.500 4 5.500 8l5 4zM4 4v8"
      />
      <Tool
        label={t("time.pause")}
        pressed={paused}
        hint={paused ? t("time.back") : `${t("time.pause")} (p)`}
        onClick={() => (paused ? store.resume() : store.pause())}
        path={paused ? "M5 3.500v9l7-4.500z" : "M5.500 3.500v9M10.500 3.500v9"}
      />
      <Tool
        label={t("time.next")}
        hint={`${t("time.next")} (t)`}
        disabled={!paused}
        onClick={() => store.step(1)}
        path="M5.500 4l5 4-5 4zM12 4v8"
      />
    </div>
  );
}

function Resize({ size }: { size: Size }) {
  const at = SIZES.indexOf(size);
  const step = (by: number) => {
    const to = SIZES[at + by];
    if (to) chosen.value = to;
  };
  return (
    <div class="tl-play tl-resize">
      <Tool
        label={t("time.smaller")}
        hint={t("time.smaller")}
        disabled={at === 0}
        onClick={() => step(-1)}
        path="M4 6l4 4 4-4"
      />
      <Tool
        label={t("time.larger")}
        hint={t("time.larger")}
        disabled={at === SIZES.length - 1}
        onClick={() => step(1)}
        path="M4 10l4-4 4 4"
      />
    </div>
  );
}

interface ToolProps {
  label: string;
  hint: string;
  path: string;
  pressed?: boolean;
  disabled?: boolean;
  onClick(): void;
}

const Tool = ({ label, hint, path, pressed, disabled, onClick }: ToolProps) => (
  <button
    type="button"
    class="button icon small"
    aria-label={label}
    aria-pressed={pressed}
    title={hint}
    aria-disabled={disabled}
    onClick={onClick}
  >
    <svg class="icon-svg" viewBox="0 0 16 16" aria-hidden="true">
      <path d={path} />
    </svg>
  </button>
);

/** Live, or when it was that is shown, and the way back. */
function Where({ store }: { store: LiveStore }) {
  const cursor = store.cursor.value;
  const now = useComputed(() => clock(store.edge.value));
  if (cursor === null) {
    return (
      <p class="tl-where">
        <span class="num">{now}</span>
      </p>
    );
  }
  return (
    <p class="tl-where paused">
      <b class="num">{t("time.paused_at", { at: clock(cursor.at), ago: span(store.edge.value - cursor.at) })}</b>{" "}
      <button type="button" class="mini" onClick={() => store.resume()}>
        {t("time.back")}
      </button>
    </p>
  );
}

/** `14 s`, `2 min 5 s`: to the second. */
export function span(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  if (whole < 60) return t("time.seconds", { s: whole });
  return t("time.minutes", { min: Math.floor(whole / 60), s: whole % 60 });
}

function Zoom() {
  return (
    <fieldset class="tl-zoom">
      <legend class="sr-only">{t("time.zoom")}</legend>
      {ZOOMS.map((seconds) => (
        <label key={seconds}>
          <input
            type="radio"
            name="timeline-zoom"
            checked={zoom.value === seconds}
            onChange={() => {
              zoom.value = seconds;
            }}
          />
          <span>
            {seconds / 60}
            <span class="tl-unit"> {t("time.unit")}</span>
          </span>
        </label>
      ))}
    </fieldset>
  );
}

/** The line itself: a slider over time. */
function Line({ store, lanes }: { store: LiveStore; lanes: boolean }) {
  const { reveal } = useSurroundings();
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(400);
  const [tip, setTip] = useState<{ x: number; at: number } | null>(null);
  const [held, setHeld] = useState<number | null>(null); // the right edge while it is dragged: it does not move away
  const grip = useRef<number | null>(null); // the same, known at once: a quick hand moves before the next drawing
  const moved = useRef(false);
  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setWidth(element.clientWidth || 400);
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  const seconds = zoom.value;
  const edge = store.edge.value;
  const cursor = store.cursor.value;
  // The moment looked at does not leave the line.
  const to = held ?? (cursor === null ? edge : Math.min(edge, cursor.at + seconds));
  const from = to - seconds;
  const timeAt = (event: PointerEvent): { x: number; at: number } => {
    const area = box.current?.getBoundingClientRect();
    const x = Math.max(0, Math.min(width, event.clientX - (area?.left ?? 0)));
    return { x, at: from + (x / width) * seconds };
  };
  const seek = (at: number): void => store.seek(at > to - (2 * seconds) / width ? to : at);

  const release = (): void => {
    grip.current = null;
    setHeld(null);
  };

  const keys = (event: KeyboardEvent): void => {
    if (event.ctrlKey || event.altKey || event.metaKey) return;
    const now = cursor?.at ?? edge;
    const moves: Record<string, () => void> = {
      ArrowLeft: () => store.step(-1),
      ArrowRight: () => store.step(1),
      ArrowDown: () => store.step(-1),
      ArrowUp: () => store.step(1),
      PageDown: () => store.seek(now - LEAP),
      PageUp: () => store.seek(now + LEAP),
      Home: () => store.seek(0),
      End: () => store.resume(),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  };

  const shown = cursor?.at ?? edge;
  const words =
    edge === 0
      ? t("time.value_nothing")
      : cursor === null
        ? t("time.value_live", { at: clock(edge) })
        : t("time.value_past", { at: clock(shown), ago: span(edge - shown) });
  return (
    <div
      class="tl-line"
      data-lanes={lanes ? "true" : undefined}
      ref={box}
      role="slider"
      tabIndex={0}
      aria-label={t("time.slider")}
      aria-description={t("time.keys")}
      aria-valuemin={Math.round(Math.min(0, (store.moments[0]?.at ?? edge) - edge))}
      aria-valuemax={0}
      aria-valuenow={Math.round(Math.min(0, shown - edge))}
      aria-valuetext={words}
      onKeyDown={keys}
      onPointerDown={(event) => {
        if (event.button !== 0) return;
        event.currentTarget.setPointerCapture(event.pointerId);
        grip.current = to;
        setHeld(to);
        moved.current = false;
      }}
      onPointerMove={(event) => {
        const here = timeAt(event);
        if (event.pointerType !== "touch" || grip.current !== null) setTip(here);
        if (grip.current === null) return;
        moved.current = true;
        seek(here.at);
      }}
      onPointerUp={(event) => {
        if (grip.current === null) return;
        release();
        if (event.pointerType === "touch") setTip(null);
        if (moved.current) return;
        const mark = (event.target as Element).closest?.<HTMLElement>("[data-at]") ?? markAt(event);
        const there = mark
          ? near(store.happenings.peek(), Number(mark.dataset.at), (14 * seconds) / width)[0]
          : undefined;
        if (!there) {
          seek(timeAt(event).at);
          return;
        }
        store.jump(there.at);
        const { panel, thing } = placeOf(there.event);
        reveal(panel, thing);
      }}
      onPointerCancel={release}
      onPointerLeave={() => setTip(null)}
    >
      <Track store={store} from={from} seconds={seconds} width={width} lanes={lanes} />
      <span class="tl-cursor" data-live={cursor === null ? "true" : undefined} style={{ left: `${place(shown)}px` }} />
      {tip && edge > 0 && <Tip store={store} x={tip.x} at={tip.at} width={width} within={(8 * seconds) / width} />}
    </div>
  );

  function place(at: number): number {
    return Math.round(Math.max(0, Math.min(1, (at - from) / seconds)) * width);
  }
}

/** The pointer is captured by the line: what lies under it is asked of the document. */
function markAt(event: PointerEvent): HTMLElement | null {
  const found = document.elementsFromPoint?.(event.clientX, event.clientY) ?? [];
  return found.find((one): one is HTMLElement => one instanceof HTMLElement && one.dataset.at !== undefined) ?? null;
}

function Tip({
  store,
  x,
  at,
  width,
  within,
}: {
  store: LiveStore;
  x: number;
  at: number;
  width: number;
  within: number;
}) {
  const events = near(store.happenings.value, at, within);
  const side = x > width / 2 ? { right: `${width - x}px` } : { left: `${x}px` };
  return (
    <div class="tl-tip" style={side} aria-hidden="true">
      <b class="num">{clock(at)}</b>
      {events.slice(0, TIP_LINES).map((one) => (
        <span key={one.id}>{sentence(one)}</span>
      ))}
      {events.length > TIP_LINES && <span class="muted">{tn("time.more_marks", events.length - TIP_LINES)}</span>}
    </div>
  );
}

/** Keys that work wherever the focus is not in a terminal, a field or a control of its own. */
export function useTimeKeys(store: LiveStore): void {
  useEffect(() => {
    const keys = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || !mayTake(event)) return;
      const paused = store.cursor.peek() !== null;
      const moves: Record<string, (() => void) | undefined> = {
        " ": () => (paused ? store.resume() : store.pause()),
        p: () => (paused ? store.resume() : store.pause()),
        t: () => store.step(1),
        T: () => store.step(-1),
        l: paused ? () => store.resume() : undefined,
        Escape:
          paused && !document.querySelector("dialog[open], [data-full], .menu-list") ? () => store.resume() : undefined,
      };
      const move = moves[event.key];
      if (!move) return;
      event.preventDefault();
      move();
    };
    document.addEventListener("keydown", keys);
    return () => document.removeEventListener("keydown", keys);
  }, [store]);
}

function mayTake(event: KeyboardEvent): boolean {
  const target = event.target instanceof Element ? event.target : null;
  if (!target) return true;
  if (target.closest(".xterm, .terminal, input, textarea, select, [contenteditable], dialog, [role=menu]"))
    return false;
  // A space presses a button and opens what it is on.
  return (
    event.key !== " " || target.closest("button, a, summary, [role=row], [role=tab], [role=separator], hr") === null
  );
}
