/** The frame of a panel: a heading that folds it, a summary that stays when folded, and the way to full width. */
import { type ReadonlySignal, useComputed } from "@preact/signals";
import { memo } from "preact/compat";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index";
import { useCover } from "./cover";
import { UNSEEN_CHANGE_MS, useInSight } from "./in_sight";
import type { Opened } from "./opened";
import type { PanelDescriptor, Scene } from "./scene";
import { sameParts, useParts } from "./use_parts";

interface Props {
  panel: PanelDescriptor;
  scene: ReadonlySignal<Scene>;
  opened: Opened;
}

/**
 * A panel out of sight is drawn at a pace, slower for what only ticks than for what changed; a moment chosen it shows at
 * once. Before it comes into sight it is drawn anyway.
 */
const UNSEEN_TICK_MS = 10_000;

/** Drawn anew when what it shows changed, not when it ticks; its body has reasons of its own. */
export const Panel = memo(function Panel({ panel, scene, opened }: Props) {
  const { name } = panel;
  const title = t(panel.title);
  const open = opened.is(name, panel.frequent ?? false);
  const [full, setFull] = useState(false);
  const frame = useRef<HTMLElement>(null);
  const body = `panel-${name}`;
  const shown = open || full;
  const inSight = useInSight(frame, 150);
  // As a signal in the markup it is written into its place by itself: of what ticks, it is all that is to be seen.
  const counted = useRef<{ what: unknown; words: string } | null>(null);
  const summary = useComputed((): string => {
    const what = panel.counts?.(scene.value) ?? scene.value;
    if (counted.current?.what !== what) counted.current = { what, words: panel.summary(scene.value) };
    return counted.current?.words ?? "";
  });
  const [beat, past] = useParts(() => [scene.value.marks[name].beat, isPast(panel, scene.value)] as const);

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
  useCover(
    frame,
    full,
    useCallback(() => setFull(false), []),
  );

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
            onClick={() => opened.set(name, !open)}
          >
            <svg class="chevron" viewBox="0 0 12 12" aria-hidden="true">
              <path d="M4 2.5 8 6 4 9.5" />
            </svg>
            {title}
          </button>
        </h3>
        <p class="panel-summary num" data-beat={String(beat % 2)} data-mark={beat > 0 ? "~" : undefined}>
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
        {shown && <Body panel={panel} scene={scene} inSight={inSight} />}
      </div>
    </section>
  );
});

const isPast = (panel: PanelDescriptor, scene: Scene): boolean =>
  (panel.from?.(scene) ?? scene.shown) !== scene.snapshot;

interface BodyProps {
  panel: PanelDescriptor;
  scene: ReadonlySignal<Scene>;
  inSight: ReadonlySignal<boolean>;
}

interface Drawn {
  scene: Scene;
  uses: readonly unknown[];
  at: number;
}

function Body({ panel, scene, inSight }: BodyProps) {
  const last = useRef<Drawn | null>(null);
  const shown = useComputed((): Scene => {
    const [next, seen] = [scene.value, inSight.value];
    const old = last.current;
    const uses = panel.uses?.(next) ?? [next];
    if (old !== null && (sameParts(old.uses, uses) || !(seen || isDue(panel, old, next)))) return old.scene;
    last.current = { scene: next, uses, at: performance.now() };
    return next;
  });
  return <>{panel.render(shown.value)}</>;
}

/** Whether it is to be drawn though nobody sees it. */
function isDue(panel: PanelDescriptor, { scene: old, at }: Drawn, next: Scene): boolean {
  if (old.cursor !== next.cursor || isPast(panel, old) !== isPast(panel, next)) return true;
  const pace = old.marks[panel.name] === next.marks[panel.name] ? UNSEEN_TICK_MS : UNSEEN_CHANGE_MS;
  return performance.now() - at >= pace;
}
