/** The root file system as a stack: what is written rises to the upper layer, what is read shines through from below. */
import { useComputed } from "@preact/signals";
import { memo } from "preact/compat";
import { useMemo } from "preact/hooks";
import { bytes, exactBytes, number } from "../i18n/format";
import { t, tn } from "../i18n/index";
import type { Change, Overlay, Snapshot } from "../protocol/generated";
import { percent, printable, shortDigest } from "../state/format";
import { kindOf, nameOf, type Thing } from "../state/link";
import type { Marks } from "../state/marks";
import { Meter } from "./chart";
import { useSurroundings } from "./context";
import { Ask, Bytes, Copy, Gap, markAttributes, SignMark, useThing, Words, World } from "./parts";
import { layerWords, reasonWords } from "./reason";

interface Props {
  snapshot: Snapshot;
  marks: Marks;
}

const MOUNTINFO = {
  panel: "overlay",
  question: "mountinfo",
  title: "mountinfo",
  sides: ["container", "host"],
} as const;
const UPPERDIR = { panel: "overlay", question: "upperdir", title: "upperdir", sides: ["container", "host"] } as const;

export const OverlayPanel = memo(
  Layers,
  (a, b) =>
    a.snapshot.host.overlay === b.snapshot.host.overlay && a.snapshot.gaps === b.snapshot.gaps && a.marks === b.marks,
);

function Layers({ snapshot, marks }: Props) {
  const overlay = snapshot.host.overlay;
  return (
    <div class="ov">
      <Stack snapshot={snapshot} overlay={overlay} />
      <Changes overlay={overlay} marks={marks} reason={gap(snapshot, "changes")} />
      <Caption overlay={overlay} />
      <details class="panel-more">
        <summary>{t("ov.mount")}</summary>
        <dl class="ov-dirs">
          <Dir name="upperdir" path={overlay.upperdir ?? null} reason={gap(snapshot, "upperdir")} />
          <Dir name="workdir" path={overlay.workdir ?? null} reason={gap(snapshot, "workdir")} />
          <Dir name="merged" path={overlay.merged} reason={undefined} />
          {overlay.lowerdir.map((path, index) => (
            <Dir key={path} name={`lowerdir ${index + 1}`} path={path} reason={undefined} />
          ))}
        </dl>
        <p class="note">{t("ov.where")}</p>
        <h4>
          {t("ov.options")} {overlay.options && <Copy text={overlay.options} what={t("ov.options")} />}{" "}
          <Ask {...MOUNTINFO} class="mini" />
        </h4>
        {overlay.options ? (
          <code class="ov-options">{overlay.options}</code>
        ) : (
          <Gap reason={gap(snapshot, "options")} />
        )}
      </details>
    </div>
  );
}

function Stack({ snapshot, overlay }: { snapshot: Snapshot; overlay: Overlay }) {
  const used = overlay.upper_used_bytes ?? null;
  const limit = overlay.upper_limit_bytes ?? null;
  const { link } = useSurroundings();
  const lit = useComputed(() => {
    const thing = link.current.value;
    return thing === "layer:upper" || (thing !== null && kindOf(thing) === "file") ? "true" : undefined;
  });
  return (
    <ol class="ov-stack" aria-label={t("ov.stack")}>
      <li class="ov-slab merged world-container">
        <Ask {...MOUNTINFO}>
          <code>merged</code>
        </Ask>
        <span class="ov-title">
          <Words text={t("ov.merged")} root={<code>/</code>} />
        </span>
        <span class="ov-size">
          <World side="container" />
        </span>
      </li>
      <li class="ov-slab upper world-container" data-thing="layer:upper" data-hot={lit}>
        <Ask {...UPPERDIR}>
          <code>upperdir</code>
        </Ask>
        <span class="ov-title">{t("ov.upper")}</span>
        <span class="ov-size num">
          {used === null ? (
            <Gap reason={gap(snapshot, "upper_used_bytes")} />
          ) : (
            <>
              <Bytes value={used} />
              {limit !== null && <span class="muted"> / {bytes(limit)}</span>}
            </>
          )}
        </span>
        <div class="ov-meter">
          <Meter
            value={used}
            limit={limit}
            label={t("ov.upper_used")}
            text={used !== null && limit !== null ? t("cg.of_text", { value: bytes(used), limit: bytes(limit) }) : ""}
          />
          {used !== null && limit !== null && <span class="num muted">{percent(used, limit)}</span>}
        </div>
      </li>
      {overlay.lowerdir.map((path, index) => (
        <Lower key={path} overlay={overlay} path={path} index={index} />
      ))}
      <li class="ov-slab work">
        <Ask {...MOUNTINFO}>
          <code>workdir</code>
        </Ask>
        <span class="ov-title">{t("ov.work")}</span>
      </li>
    </ol>
  );
}

function Lower({ overlay, path, index }: { overlay: Overlay; path: string; index: number }) {
  const layer = overlay.layers[index];
  return (
    <li class="ov-slab lower world-host" {...useThing(`layer:${path}`)} title={path}>
      <code>
        lowerdir <span class="num">{index + 1}</span>
      </code>
      <span class="ov-title" title={layerWords(layer?.title ?? "")}>
        {layerWords(layer?.title ?? "")}{" "}
        {layer?.digest && (
          <code class="muted" title={layer.digest}>
            {shortDigest(layer.digest)}
          </code>
        )}
      </span>
      <span class="ov-size num">{layer && <Bytes value={layer.size_bytes} />}</span>
    </li>
  );
}

interface Entry {
  path: string;
  change: Change;
  vanished: boolean;
}

function Changes({ overlay, marks, reason }: { overlay: Overlay; marks: Marks; reason: string | undefined }) {
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
  created: { sign: "*", word: "ov.created", title: "ov.created_title" },
  copied_up: { sign: "↑", word: "ov.copied_up", title: "ov.copied_up_title" },
  deleted: { sign: "×", word: "ov.deleted", title: "ov.deleted_title" },
  opaque: { sign: "□", word: "ov.opaque", title: "ov.opaque_title" },
} as const;

function Item({ entry, marks }: { entry: Entry; marks: Marks }) {
  const { path, change, vanished } = entry;
  const kind = KINDS[change.kind];
  const cut = path.lastIndexOf("/") + 1;
  const depth = Math.max(0, path.split("/").length - 2);
  const directory = change.type === "dir";
  return (
    <li
      class={`ov-item ${change.kind}${vanished ? " vanished" : ""}`}
      {...useThing(`file:${path}`)}
      {...markAttributes(marks, path)}
      // biome-ignore lint/a11y/noNoninteractiveTabindex: focus lights the file up and tells its two names
      tabIndex={0}
    >
      <SignMark sign={marks.signs.get(path)} />
      <span class="ov-kind" title={t(kind.title)}>
        <b aria-hidden="true">{kind.sign}</b> {t(vanished ? "ov.undone" : kind.word)}
      </span>
      <code class="ov-path" style={{ "--depth": depth }}>
        <span class="muted">{printable(path.slice(0, cut))}</span>
        {printable(path.slice(cut))}
        {directory && <span class="muted">/</span>}
      </code>
      <span
        class="ov-bytes num"
        title={t("ov.sizes", { size: exactBytes(change.size_bytes), blocks: exactBytes(change.blocks_bytes) })}
      >
        {directory || change.kind === "deleted" ? typeWord(change) : bytes(change.size_bytes)}
      </span>
    </li>
  );
}

function typeWord(change: Change): string {
  return change.kind === "deleted" ? t("ov.whiteout") : t("ov.dir");
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

/** What is lit, by both its names. */
function Caption({ overlay }: { overlay: Overlay }) {
  const { link } = useSurroundings();
  const thing: Thing | null = link.current.value;
  const path = thing && kindOf(thing) === "file" ? nameOf(thing) : null;
  const change = path === null ? undefined : overlay.changes[path];
  return (
    <p class="ov-caption note">
      {path !== null && change && overlay.upperdir ? (
        <Words
          text={t(`ov.pair_${change.kind}`)}
          inside={<code class="world-container world-text">{printable(path)}</code>}
          outside={<code class="world-host world-text">{printable(overlay.upperdir + path)}</code>}
        />
      ) : (
        t("ov.note")
      )}
    </p>
  );
}

function Dir({ name, path, reason }: { name: string; path: string | null; reason: string | undefined }) {
  return (
    <div>
      <dt>
        <code>{name}</code>
      </dt>
      <dd>
        {path === null ? (
          <Gap reason={reason} />
        ) : (
          <>
            <code>{path}</code> <Copy text={path} what={name} />
          </>
        )}
      </dd>
    </div>
  );
}

function gap(snapshot: Snapshot, field: string): string | undefined {
  return snapshot.gaps[`host.overlay.${field}`] ?? snapshot.gaps["host.overlay"];
}
