/** Small parts all panels are made of. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { exactBytes, bytes as shortBytes } from "../i18n/format";
import { t } from "../i18n/index";
import type { Thing } from "../state/link";
import type { Marks, Sign } from "../state/marks";
import { type Question, type Side, useSurroundings } from "./context";
import { reasonWords } from "./reason";

/** Attributes that make an element light up with its twin. */
export function useThing(thing: Thing): { "data-thing": Thing; "data-hot": never } {
  const { link } = useSurroundings();
  const hot = useMemo(() => link.hot(thing), [link, thing]);
  // A signal as an attribute is written to the DOM by itself, with no rendering in between: the highlight is instant.
  return { "data-thing": thing, "data-hot": hot as unknown as never };
}

/** Attributes that tint an element whose thing was in its domain's last change. */
export function markAttributes(marks: Marks, key: string): { "data-mark"?: Sign; "data-beat"?: string } {
  const sign = marks.signs.get(key);
  return sign === undefined ? {} : { "data-mark": sign, "data-beat": String(marks.beat % 2) };
}

/** The `+ − ~` that stays until the next change; keeps its place when there is none. */
export function SignMark({ sign }: { sign: Sign | undefined }) {
  if (sign === undefined) return <span class="sign" aria-hidden="true" />;
  const word = t(sign === "+" ? "mark.new" : sign === "−" ? "mark.ended" : "mark.changed");
  return (
    <span class="sign" title={word}>
      <span aria-hidden="true">{sign}</span>
      <span class="sr-only">{word}</span>
    </span>
  );
}

/** The head of two columns: the container's, then the host's. */
export const Worlds = () => (
  <>
    <th scope="col">
      <World side="container" />
    </th>
    <th scope="col">
      <World side="host" />
    </th>
  </>
);

/** The word for a side, in its colour. */
export function World({ side }: { side: Side }) {
  return <span class={`world-${side} world-label`}>{t(side === "container" ? "world.container" : "world.host")}</span>;
}

/** Bytes in binary units, the exact count on hover. */
export function Bytes({ value }: { value: number }) {
  return (
    <span class="num nowrap" title={exactBytes(value)}>
      {shortBytes(value)}
    </span>
  );
}

/** Why a figure is not there. */
export function Gap({ reason }: { reason: string | undefined }) {
  return (
    <span class="gap">
      <span aria-hidden="true">∅ </span>
      {reason === undefined ? t("gap.unknown") : reasonWords(reason)}
    </span>
  );
}

interface AskProps extends Omit<Question, "side" | "key"> {
  /** The source's key; `key` itself is Preact's own. */
  question: string;
  side?: Side;
  children?: ComponentChildren;
  class?: string;
}

/** A figure that can be asked where it comes from: the figure itself is the button. */
export function Ask({ children, class: extra, question, panel, title, sides, figure, side }: AskProps) {
  const { showMe } = useSurroundings();
  return (
    <button
      type="button"
      class={`ask ${extra ?? ""}`}
      title={t("ask.title", { what: title })}
      aria-haspopup="dialog"
      onClick={() => showMe({ panel, key: question, title, sides, side: side ?? sides[0] ?? "host", figure })}
    >
      {children ?? t("ask.label")}
    </button>
  );
}

/** Copies a text; the word says that it was done. */
export function Copy({ text, what }: { text: string; what: string }) {
  const [done, setDone] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout> | undefined>(undefined);
  useEffect(() => () => clearTimeout(timer.current), []);
  const copy = async (): Promise<void> => {
    await writeClipboard(text);
    setDone(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setDone(false), 1500);
  };
  return (
    <button type="button" class="mini" aria-label={t("copy.what", { what })} onClick={() => void copy()}>
      <span aria-live="polite">{done ? t("copy.done") : t("copy.label")}</span>
    </button>
  );
}

/** The clipboard API is absent on plain http beyond loopback. */
async function writeClipboard(text: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.createElement("textarea");
    area.value = text;
    area.style.position = "fixed";
    area.style.opacity = "0";
    const home = document.querySelector("dialog[open]") ?? document.body;
    home.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

/** A sentence from the dictionary with elements in the place of its `{holes}`. */
export function Words({ text, ...holes }: { text: string } & Record<string, ComponentChildren>) {
  const parts = text.split(/\{(\w+)\}/);
  return <>{parts.map((part, index) => (index % 2 === 1 ? (holes[part] ?? "") : part))}</>;
}

/** More, behind a line that opens it. While it is closed its body is not made: it would be made anew with every figure. */
export function Folded({ summary, children }: { summary: ComponentChildren; children(): ComponentChildren }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="panel-more" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{summary}</summary>
      {open && children()}
    </details>
  );
}
