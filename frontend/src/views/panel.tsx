/** The frame of a panel: a heading that folds it, a summary that stays when folded, and the way to full width. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index";
import type { Marks } from "../state/marks";
import type { PanelName } from "./context";

interface Props {
  name: PanelName;
  title: string;
  summary: ComponentChildren;
  marks: Marks;
  /** What it shows is no more; the last there was. */
  past: boolean;
  open: boolean;
  onOpen(open: boolean): void;
  /** What else makes it be drawn at once, wherever it is: the moment looked at. */
  moment: unknown;
  /** Only called while it is open: a folded panel costs nothing. */
  children(): ComponentChildren;
}

/** A panel out of sight follows what ticks at this pace; what changed, and a moment chosen, it shows at once. */
const UNSEEN_MS = 3000;

export function Panel({ name, title, summary, marks, past, open, onOpen, moment, children }: Props) {
  const [full, setFull] = useState(false);
  const frame = useRef<HTMLElement>(null);
  const body = `panel-${name}`;
  const shown = open || full;
  const inSight = useInSight(frame);
  const drawn = useRef<{ at: number; marks: Marks; past: boolean; moment: unknown; body: ComponentChildren } | null>(
    null,
  );
  const last = drawn.current;
  const now = performance.now();
  if (!shown) drawn.current = null;
  else if (
    inSight ||
    last === null ||
    last.marks !== marks ||
    last.past !== past ||
    last.moment !== moment ||
    now - last.at >= UNSEEN_MS
  ) {
    drawn.current = { at: now, marks, past, moment, body: children() };
  }

  // The top layer lets a panel cover the page whatever its ancestors are; the terminal beneath keeps running.
  useEffect(() => {
    const element = frame.current;
    if (!full || !element?.showPopover) return;
    element.setAttribute("popover", "manual");
    element.showPopover();
    return () => {
      element.hidePopover();
      element.removeAttribute("popover");
    };
  }, [full]);

  useEffect(() => {
    if (!full) return;
    const leave = (event: KeyboardEvent): void => {
      if (event.key === "Escape" && !event.defaultPrevented) setFull(false);
    };
    document.addEventListener("keydown", leave);
    return () => document.removeEventListener("keydown", leave);
  }, [full]);

  return (
    <section
      class="panel"
      ref={frame}
      data-panel={name}
      data-past={past ? "true" : undefined}
      data-full={full ? "true" : undefined}
      aria-labelledby={`${body}-title`}
    >
      <header class="panel-head">
        <h3 id={`${body}-title`}>
          <button
            type="button"
            class="panel-fold"
            aria-expanded={open || full}
            aria-controls={body}
            onClick={() => onOpen(!open)}
          >
            <svg class="chevron" viewBox="0 0 12 12" aria-hidden="true">
              <path d="M4 2.5 8 6 4 9.5" />
            </svg>
            {title}
          </button>
        </h3>
        <p class="panel-summary num" data-beat={String(marks.beat % 2)} data-mark={marks.beat > 0 ? "~" : undefined}>
          {summary}
        </p>
        <button
          type="button"
          class="panel-full"
          aria-pressed={full}
          title={t(full ? "panel.narrow" : "panel.full")}
          aria-label={`${title}: ${t(full ? "panel.narrow" : "panel.full")}`}
          onClick={() => setFull(!full)}
        >
          <svg viewBox="0 0 16 16" aria-hidden="true">
            {full ? (
              <path d="M3 3l10 10M13 3 3 13" />
            ) : (
              <path d="M9.5 2.5h4v4M13.5 2.5 9 7M6.5 13.5h-4v-4M2.5 13.5 7 9" />
            )}
          </svg>
        </button>
      </header>
      <div class="panel-body" id={body} hidden={!shown}>
        {drawn.current?.body}
      </div>
    </section>
  );
}

/** Whether it is in the window, or about to be. */
function useInSight(frame: { current: HTMLElement | null }): boolean {
  const [inSight, setInSight] = useState(true);
  useEffect(() => {
    const element = frame.current;
    if (!element || typeof IntersectionObserver === "undefined") return;
    const observer = new IntersectionObserver((entries) => setInSight(entries.at(-1)?.isIntersecting ?? true), {
      rootMargin: "150px",
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame]);
  return inSight;
}
