/** What a file holds, as text that can do nothing: never markup, no control character left that acts. */
import { useSignal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { bytes, dateTime } from "../../i18n/format";
import { t } from "../../i18n/index";
import type { FileView } from "../../protocol/generated";
import { printable } from "../../state/format";
import { useSurroundings } from "../context";
import { Copy, Words } from "../parts";
import { PathButton } from "./name";
import { refusalWords } from "./refusal";
import { follow, modeWord, parentOf, visible } from "./text";

interface Props {
  view: FileView;
  /** Not null: someone came here with the keyboard, and goes on from here. */
  stand: { current: string | null };
  onGo(path: string): void;
}

export function Content({ view, stand, onGo }: Props) {
  const { entry, path } = view;
  const frame = useRef<HTMLElement>(null);
  // Before it is seen: the next key may come at once.
  useLayoutEffect(() => {
    if (stand.current === null) return;
    stand.current = null;
    frame.current?.focus();
  }, [stand]);
  return (
    <section class="fv-content" ref={frame} tabIndex={-1} aria-label={t("fv.content", { path: printable(path) })}>
      <p class="fv-facts num">
        <code>{modeWord(entry.type, entry.mode)}</code> <span class="mono">{`${entry.uid}:${entry.gid}`}</span> ·{" "}
        {t("pv.size", { size: bytes(entry.size_bytes), blocks: bytes(entry.blocks_bytes) })} ·{" "}
        {moment(entry.modified_at)} <PathButton path={path}>{t("fv.trace")}</PathButton>
      </p>
      {view.layer === "merged" && entry.type === "file" && entry.mark !== "whiteout" && <Download path={path} />}
      <Held view={view} onGo={onGo} />
    </section>
  );
}

/** As the container's processes see it: of one layer alone there is no way to ask for that. */
function Download({ path }: { path: string }) {
  const { calls } = useSurroundings();
  const busy = useSignal(false);
  const problem = useSignal<string | null>(null);
  if (calls === null) return null;
  const save = async () => {
    if (busy.peek()) return;
    busy.value = true;
    problem.value = null;
    try {
      await calls.save(path);
    } catch (error) {
      problem.value = refusalWords(error, path);
    } finally {
      busy.value = false;
    }
  };
  return (
    <div class="fv-download">
      <button type="button" class="mini" aria-disabled={busy.value} onClick={() => void save()}>
        {t(busy.value ? "files.asking" : "files.download")}
      </button>
      {problem.value !== null && (
        <p class="look-failed" role="alert">
          {problem.value}
        </p>
      )}
    </div>
  );
}

function Held({ view, onGo }: { view: FileView; onGo(path: string): void }) {
  const { entry, path, text } = view;
  if (entry.mark === "whiteout") return <p class="empty">{t("fv.is_whiteout")}</p>;
  if (entry.type === "symlink") {
    const target = entry.target ?? "";
    return (
      <p class="empty">
        <Words
          text={t("fv.link_to")}
          target={
            <button type="button" class="ov-name mono" onClick={() => onGo(follow(parentOf(path), target))}>
              {printable(target)}
            </button>
          }
        />
      </p>
    );
  }
  if (entry.metacopy && !text) return <p class="empty">{t("fv.is_metacopy")}</p>;
  if (text == null) return <p class="empty">{t("fv.no_content", { type: t(`fv.type_${entry.type}`) })}</p>;
  if (text === "") return <p class="empty">{t("fv.empty_file")}</p>;
  return (
    <>
      {view.binary && <p class="note">{t("fv.binary")}</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <pre class={view.binary ? "fv-text binary" : "fv-text"} tabIndex={0}>
        {visible(text)}
      </pre>
      <p class="note">
        {view.truncated && t("fv.text_part")} <Copy text={text} what={printable(path)} />
      </p>
    </>
  );
}

function moment(seconds: number): string {
  const when = new Date(seconds * 1000);
  return Number.isNaN(when.getTime()) ? "?" : dateTime(when);
}
