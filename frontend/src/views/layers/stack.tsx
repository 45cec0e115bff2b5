/** The layers one above the other: what `/` shows, the upper with what arrives in it, those below, the workbench. */
import { useComputed } from "@preact/signals";
import { bytes, number } from "../../i18n/format";
import { t } from "../../i18n/index";
import type { Overlay, Snapshot } from "../../protocol/generated";
import { percent, shortDigest } from "../../state/format";
import { kindOf } from "../../state/link";
import { Meter } from "../chart";
import { useSurroundings } from "../context";
import { Ask, Bytes, Gap, useThing, Words, World } from "../parts";
import { layerWords } from "../reason";
import { Arrivals } from "./arrivals";
import { gap, MOUNTINFO, UPPERDIR } from "./sources";

interface Props {
  snapshot: Snapshot;
  overlay: Overlay;
  live: boolean;
  /** Looks into a layer; absent where nobody can be asked. */
  browse: ((layer: string) => void) | undefined;
}

export function Stack({ snapshot, overlay, live, browse }: Props) {
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
          <World side="container" /> <Browse layer="merged" name="merged" browse={browse} />
        </span>
      </li>
      <li class="ov-slab upper world-container" data-thing="layer:upper" data-hot={lit}>
        <Ask {...UPPERDIR}>
          <code>upperdir</code>
        </Ask>
        <span class="ov-title">{t("ov.upper")}</span>
        <span class="ov-size num">
          <Room snapshot={snapshot} overlay={overlay} /> <Browse layer="upper" name="upperdir" browse={browse} />
        </span>
        <UpperMeter overlay={overlay} />
        <p class="note ov-what">
          {t("lay.what_upper")} <Real overlay={overlay} /> <Inodes overlay={overlay} />
        </p>
        <Arrivals overlay={overlay} until={live ? null : snapshot.taken_at} />
      </li>
      {overlay.lowerdir.map((path, index) => (
        <Lower key={path} overlay={overlay} path={path} index={index} browse={browse} />
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

function Room({ snapshot, overlay }: { snapshot: Snapshot; overlay: Overlay }) {
  const used = overlay.upper_used_bytes ?? null;
  const limit = overlay.upper_limit_bytes ?? null;
  if (used === null) return <Gap reason={gap(snapshot, "upper_used_bytes")} />;
  return (
    <>
      <Bytes value={used} />
      {limit !== null && <span class="muted"> / {bytes(limit)}</span>}
    </>
  );
}

function UpperMeter({ overlay }: { overlay: Overlay }) {
  const used = overlay.upper_used_bytes ?? null;
  const limit = overlay.upper_limit_bytes ?? null;
  return (
    <div class="ov-meter">
      <Meter
        value={used}
        limit={limit}
        label={t("ov.upper_used")}
        text={used !== null && limit !== null ? t("cg.of_text", { value: bytes(used), limit: bytes(limit) }) : ""}
      />
      {used !== null && limit !== null && <span class="num muted">{percent(used, limit)}</span>}
    </div>
  );
}

/** Blocks, not lengths: what the changes really take, beside what their lengths add up to. */
function Real({ overlay }: { overlay: Overlay }) {
  let blocks = 0;
  let sizes = 0;
  let any = false;
  for (const change of Object.values(overlay.changes)) {
    blocks += change.blocks_bytes;
    if (change.type === "file" && change.kind !== "deleted") sizes += change.size_bytes;
    any = true;
  }
  if (!any) return null;
  return (
    <span class="num" title={t("lay.real_note")}>
      {t("lay.real", { blocks: bytes(blocks), sizes: bytes(sizes) })}
    </span>
  );
}

/** The other limit of the upper: so many names, whatever their size. */
function Inodes({ overlay }: { overlay: Overlay }) {
  const { upper_used_inodes: used = null, upper_limit_inodes: limit = null } = overlay;
  if (used === null || limit === null || limit === 0) return null;
  return <span class="num">{t("lay.inodes", { used: number(used), limit: number(limit) })}</span>;
}

interface LowerProps {
  overlay: Overlay;
  path: string;
  index: number;
  browse: Props["browse"];
}

function Lower({ overlay, path, index, browse }: LowerProps) {
  const layer = overlay.layers[index];
  const title = layerWords(layer?.title ?? "");
  return (
    <li class="ov-slab lower world-host" {...useThing(`layer:${path}`)} title={path}>
      <code>
        lowerdir <span class="num">{index + 1}</span>
      </code>
      <span class="ov-title" title={title}>
        {title}{" "}
        {layer?.digest && (
          <code class="muted" title={layer.digest}>
            {shortDigest(layer.digest)}
          </code>
        )}
      </span>
      <span class="ov-size num">
        {layer && <Bytes value={layer.size_bytes} />}{" "}
        <Browse layer={String(index)} name={`lowerdir ${index + 1}`} browse={browse} />
      </span>
      <p class="note ov-what">{t(index === 0 ? "lay.what_init" : "lay.what_image")}</p>
    </li>
  );
}

function Browse({ layer, name, browse }: { layer: string; name: string; browse: Props["browse"] }) {
  if (!browse) return null;
  return (
    <button
      type="button"
      class="mini"
      title={t("lay.browse_title")}
      aria-label={`${t("lay.browse")}: ${name}`}
      onClick={() => browse(layer)}
    >
      {t("lay.browse")}
    </button>
  );
}
