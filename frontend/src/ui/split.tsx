/** Two panes side by side with a bar between them that is dragged, or moved with the arrow keys. */
import type { Signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";

const MIN = 25;
const MAX = 80;
const STEP = 2;
const INITIAL = 56;

export const clampShare = (value: number): number => Math.round(Math.max(MIN, Math.min(MAX, value)) * 10) / 10;

interface BarProps {
  label: string;
  /** Where what it parts is: beside one another, or one above the other. */
  way: "right" | "down";
  /** The first part's share, in percent. */
  share: number;
  min: number;
  max: number;
  /** Of what it parts, in the window. */
  box: () => DOMRect | undefined;
  onChange: (share: number) => void;
  /** Double click. */
  onReset: () => void;
  onEnter?: () => void;
  class?: string;
  style?: Record<string, string>;
}

/** Dragged, or moved with the arrow keys. */
export function Bar({
  label,
  way,
  share,
  min,
  max,
  box,
  onChange,
  onReset,
  onEnter,
  class: extra = "",
  style,
}: BarProps) {
  const bar = useRef<HTMLHRElement>(null);
  const beside = way === "right";

  const drag = (event: PointerEvent) => {
    const around = box();
    if (!around || !bar.current?.hasPointerCapture(event.pointerId)) return;
    const part = beside ? (event.clientX - around.left) / around.width : (event.clientY - around.top) / around.height;
    onChange(part * 100);
  };

  const keys = (event: KeyboardEvent) => {
    const [less, more] = beside ? ["ArrowLeft", "ArrowRight"] : ["ArrowUp", "ArrowDown"];
    const { key } = event;
    if (key === less) onChange(share - STEP);
    else if (key === more) onChange(share + STEP);
    else if (key === "Home") onChange(min);
    else if (key === "End") onChange(max);
    else if (key === "Enter" && onEnter) onEnter();
    else return;
    event.preventDefault();
  };

  return (
    <hr
      ref={bar}
      class={`split-bar ${extra}`}
      style={style}
      data-way={way}
      tabIndex={0}
      aria-orientation={beside ? "vertical" : "horizontal"}
      aria-label={label}
      aria-valuemin={min}
      aria-valuemax={max}
      aria-valuenow={Math.round(share)}
      onPointerDown={(event) => {
        if (event.button === 0) bar.current?.setPointerCapture(event.pointerId);
      }}
      onPointerMove={drag}
      onDblClick={onReset}
      onKeyDown={keys}
    />
  );
}

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
        <Bar
          label={label}
          way="right"
          share={share.value}
          min={MIN}
          max={MAX}
          box={() => root.current?.getBoundingClientRect()}
          onChange={(to) => {
            share.value = clampShare(to);
          }}
          onReset={() => {
            share.value = INITIAL;
          }}
          onEnter={() => {
            folded.value = true;
          }}
        />
      )}
      <div class="split-second">{second}</div>
    </div>
  );
}
