/** A directory of a layer: one row an entry, walked with the arrow keys. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { bytes, exactBytes } from "../../i18n/format";
import { t, tn } from "../../i18n/index";
import type { Entry, FileView } from "../../protocol/generated";
import { printable } from "../../state/format";
import { Words } from "../parts";
import { join, modeWord, octal } from "./text";

interface Props {
  view: FileView;
  entries: readonly Entry[];
  stand: { current: string | null };
  onGo(path: string, from: string | null): void;
  onUp(): void;
}

export function Listing({ view, entries, stand, onGo, onUp }: Props) {
  const [at, setAt] = useState(0);
  const body = useRef<HTMLTableSectionElement>(null);

  // Where the keys led here, they go on from here: on the directory one came up from, or on the first entry.
  useLayoutEffect(() => {
    const name = stand.current;
    if (name === null) return;
    stand.current = null;
    const index = Math.max(
      0,
      entries.findIndex((entry) => entry.name === name),
    );
    setAt(index);
    focus(body.current, index);
  }, [entries, stand]);

  if (entries.length === 0) {
    return <p class="empty">{t(view.layer === "upper" ? "fv.empty_upper" : "fv.empty_dir")}</p>;
  }
  const last = entries.length - 1;
  const open = (entry: Entry): void => onGo(join(view.path, entry.name), "");
  const keys = (event: KeyboardEvent): void => {
    // Where the focus is, not what was last drawn: keys come faster than that.
    const now = Math.max(0, names(body.current).indexOf(document.activeElement as HTMLElement));
    const entry = entries[now];
    const to = { ArrowDown: now + 1, ArrowUp: now - 1, Home: 0, End: last, PageDown: now + 10, PageUp: now - 10 }[
      event.key
    ];
    if (to !== undefined) {
      const index = Math.min(last, Math.max(0, to));
      setAt(index);
      focus(body.current, index);
    } else if (event.key === "ArrowRight" && entry) open(entry);
    else if (event.key === "ArrowLeft") onUp();
    else return;
    event.preventDefault();
  };

  return (
    <>
      <p class="note num">
        {view.truncated ? t("fv.shown_part", { count: entries.length }) : tn("fv.shown", entries.length)} ·{" "}
        {t("fv.keys")}
      </p>
      <div class="fv-scroll">
        <table class="fv-table" aria-label={t("fv.list", { path: printable(view.path) })}>
          <thead>
            <tr>
              <th scope="col">{t("fv.name")}</th>
              <th scope="col">{t("fv.kind")}</th>
              <th scope="col" class="num">
                {t("fv.owner")}
              </th>
              <th scope="col" class="num">
                {t("fv.size")}
              </th>
              <th scope="col" class="num">
                {t("fv.blocks")}
              </th>
              <th scope="col" class="num">
                {t("fv.modified")}
              </th>
            </tr>
          </thead>
          <tbody ref={body} onKeyDown={keys}>
            {entries.map((entry, index) => (
              <Row
                key={entry.name}
                entry={entry}
                stop={index === at}
                onFocus={() => setAt(index)}
                onOpen={() => open(entry)}
              />
            ))}
          </tbody>
        </table>
      </div>
    </>
  );
}

function focus(body: HTMLElement | null, index: number): void {
  names(body)[index]?.focus();
}

const names = (body: HTMLElement | null): HTMLElement[] => [...(body?.querySelectorAll<HTMLElement>(".fv-name") ?? [])];

const SIGNS = { created: "+", copied_up: "↑", whiteout: "✕", opaque: "◼" } as const;

function Row({ entry, stop, onFocus, onOpen }: { entry: Entry; stop: boolean; onFocus(): void; onOpen(): void }) {
  const { mark, type } = entry;
  const when = new Date(entry.modified_at * 1000);
  const gone = mark === "whiteout";
  return (
    <tr class={gone ? "gone" : undefined}>
      <th scope="row">
        <button type="button" class="fv-name mono" tabIndex={stop ? 0 : -1} onFocus={onFocus} onClick={onOpen}>
          {printable(entry.name)}
          {type === "dir" && <span class="muted">/</span>}
        </button>
        {entry.target != null && <span class="muted mono fv-target"> → {printable(entry.target)}</span>}
        {mark != null && (
          <span class="badge fv-mark">
            <b aria-hidden="true">{SIGNS[mark]}</b> {t(`fv.mark_${mark}`)}
          </span>
        )}
        {entry.metacopy && (
          <span class="badge" title={t("fv.is_metacopy")}>
            metacopy
          </span>
        )}
        {entry.redirect != null && (
          <span class="note">
            {" "}
            <Words text={t("fv.redirect")} path={<code>{printable(entry.redirect)}</code>} />
          </span>
        )}
      </th>
      <td class="mono" title={`${t(`fv.type_${type}`)} ${octal(entry.mode)}`}>
        {modeWord(type, entry.mode)}
      </td>
      <td class="num mono">
        {entry.uid}:{entry.gid}
      </td>
      <td class="num" title={exactBytes(entry.size_bytes)}>
        {bytes(entry.size_bytes)}
      </td>
      <td class="num" title={exactBytes(entry.blocks_bytes)}>
        {bytes(entry.blocks_bytes)}
      </td>
      <td class="num nowrap">{day(when)}</td>
    </tr>
  );
}

/** `2026-01-02 03:04`, this machine's zone; a clock set by whoever wrote the file may be out of any range. */
function day(when: Date): string {
  if (Number.isNaN(when.getTime())) return "?";
  const two = (n: number) => String(n).padStart(2, "0");
  return `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())} ${two(when.getHours())}:${two(when.getMinutes())}`;
}
