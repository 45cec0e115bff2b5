/** Two panes side by side with a bar between them that is dragged, or moved with the arrow keys. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

const MIN = 25;
const MAX = 80;
const STEP = 2;
const INITIAL = 56;

export const clampShare = (value: number): number => Math.round(Math.max(MIN, Math.min(MAX, value)) * 10) / 10;

interface Props {
  /** The first pane's share of the width, in percent. */
  share: Signal<number>;
  folded: Signal<boolean>;
  label: string;
  first: ComponentChildren;
  second: ComponentChildren;
  /** On narrow pages only one of them is shown. */
  shown: "first" | "second";
}

export function Split({ share, folded, label, first, second, shown }: Props) {
  const root = useRef<HTMLDivElement>(null);
  const bar = useRef<HTMLHRElement>(null);

  const drag = (event: PointerEvent) => {
    const box = root.current?.getBoundingClientRect();
    if (!box || !bar.current?.hasPointerCapture(event.pointerId)) return;
    share.value = clampShare(((event.clientX - box.left) / box.width) * 100);
  };

  const keys = (event: KeyboardEvent) => {
    const to = { ArrowLeft: share.value - STEP, ArrowRight: share.value + STEP, Home: MIN, End: MAX }[event.key];
    if (to !== undefined) share.value = clampShare(to);
    else if (event.key === "Enter") folded.value = true;
    else return;
    event.preventDefault();
  };

  return (
    <div
      class="split"
      ref={root}
      data-shown={shown}
      data-folded={folded.value ? "true" : undefined}
      style={{ "--share": `${share.value}%` }}
    >
      <div class="split-first">{first}</div>
      {!folded.value && (
        <hr
          ref={bar}
          class="split-bar"
          tabIndex={0}
          aria-orientation="vertical"
          aria-label={label}
          aria-valuemin={MIN}
          aria-valuemax={MAX}
          aria-valuenow={Math.round(share.value)}
          onPointerDown={(event) => {
            if (event.button === 0) bar.current?.setPointerCapture(event.pointerId);
          }}
          onPointerMove={drag}
          onDblClick={() => {
            share.value = INITIAL;
          }}
          onKeyDown={keys}
        />
      )}
      <div class="split-second">{second}</div>
    </div>
  );
}
