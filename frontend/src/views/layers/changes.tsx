/** What is in the upper layer now, by path, and how each entry got there. */
import { useMemo } from "preact/hooks";
import { bytes, exactBytes, number } from "../../i18n/format";
import { t, tn } from "../../i18n/index";
import type { Change, Overlay } from "../../protocol/generated";
import { printable } from "../../state/format";
import type { Marks } from "../../state/marks";
import { Gap, markAttributes, SignMark, useThing, Words } from "../parts";
import { reasonWords } from "../reason";
import { PathButton } from "./name";

interface Entry {
  path: string;
  change: Change;
  vanished: boolean;
}

export function Changes({ overlay, marks, reason }: { overlay: Overlay; marks: Marks; reason: string | undefined }) {
  const entries = useMemo(() => {
    const now: Entry[] = Object.entries(overlay.changes).map(([path, change]) => ({ path, change, vanished: false }));
    const gone = marks.vanished.flatMap((one) => (one.path in overlay.changes ? [] : [{ ...one, vanished: true }]));
    return [...now, ...gone].sort((a, b) => order(a.path, b.path));
  }, [overlay.changes, marks.vanished]);
  const count = Object.keys(overlay.changes).length;
  return (
    <section class="ov-changes" aria-label={t("ov.changes")}>
      <h4>
        {t("ov.changes")} <span class="muted num">{count > 0 ? tn("ov.entries", count) : ""}</span>
      </h4>
      {entries.length === 0 && reason !== undefined ? (
        <Gap reason={reason} />
      ) : entries.length === 0 ? (
        <p class="empty">
          <Words text={t("ov.empty")} command={<code>touch /hello</code>} />
        </p>
      ) : (
        <ul class="ov-list">
          {entries.map((entry) => (
            <Item key={entry.path} entry={entry} marks={marks} />
          ))}
        </ul>
      )}
      {overlay.changes_truncated && (
        <p class="note">{reason === undefined ? t("ov.truncated", { count: number(count) }) : reasonWords(reason)}</p>
      )}
    </section>
  );
}

const KINDS = {
  created: { sign: "+", word: "ov.created", title: "ov.created_title" },
  copied_up: { sign: "↑", word: "ov.copied_up", title: "ov.copied_up_title" },
  deleted: { sign: "✕", word: "ov.whiteout", title: "ov.deleted_title" },
  opaque: { sign: "◼", word: "ov.opaque", title: "ov.opaque_title" },
} as const;

function Item({ entry, marks }: { entry: Entry; marks: Marks }) {
  const { path, change, vanished } = entry;
  const kind = KINDS[change.kind];
  const cut = path.lastIndexOf("/") + 1;
  const directory = change.type === "dir";
  return (
    <li
      class={`ov-item ${change.kind}${vanished ? " vanished" : ""}`}
      {...useThing(`file:${path}`)}
      {...markAttributes(marks, path)}
    >
      <SignMark sign={marks.signs.get(path)} />
      <span class="ov-kind" title={t(kind.title)}>
        <b aria-hidden="true">{kind.sign}</b> {t(vanished ? "ov.undone" : kind.word)}
      </span>
      <PathButton path={path}>
        <span class="muted">{printable(path.slice(0, cut))}</span>
        {printable(path.slice(cut))}
        {directory && <span class="muted">/</span>}
      </PathButton>
      <span
        class="ov-bytes num"
        title={t("ov.sizes", { size: exactBytes(change.size_bytes), blocks: exactBytes(change.blocks_bytes) })}
      >
        {change.kind === "deleted" ? t("ov.deleted") : directory ? t("ov.dir") : bytes(change.size_bytes)}
      </span>
    </li>
  );
}

/** By path, a directory before what is in it: `/etc`, `/etc/motd`, `/etc-old`. */
function order(a: string, b: string): number {
  const one = a.split("/");
  const two = b.split("/");
  for (let index = 0; index < Math.min(one.length, two.length); index++) {
    const left = one[index] ?? "";
    const right = two[index] ?? "";
    if (left !== right) return left < right ? -1 : 1;
  }
  return one.length - two.length;
}
