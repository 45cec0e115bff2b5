/** The root file system as a stack: what is written rises to the upper layer, what is read shines through from below. */
import "./overlay.css";
import "./layers/layers.css";
import { memo } from "preact/compat";
import { useCallback, useState } from "preact/hooks";
import { t } from "../i18n/index";
import type { Overlay, Snapshot } from "../protocol/generated";
import { printable } from "../state/format";
import { kindOf, nameOf, type Thing } from "../state/link";
import type { Marks } from "../state/marks";
import { useSurroundings } from "./context";
import { Changes } from "./layers/changes";
import { Directories, Driver } from "./layers/directories";
import { Files, type Place } from "./layers/files";
import { WhereFrom } from "./layers/provenance";
import { gap } from "./layers/sources";
import { Stack } from "./layers/stack";
import { Words } from "./parts";

interface Props {
  snapshot: Snapshot;
  marks: Marks;
  /** Whether that moment is now: files and provenance are always read now. */
  live: boolean;
}

export const OverlayPanel = memo(
  Layers,
  (a, b) =>
    a.snapshot.host.overlay === b.snapshot.host.overlay &&
    a.snapshot.gaps === b.snapshot.gaps &&
    a.marks === b.marks &&
    a.live === b.live,
);

function Layers({ snapshot, marks, live }: Props) {
  const { calls } = useSurroundings();
  const overlay = snapshot.host.overlay;
  const [place, setPlace] = useState<Place | null>(null);
  const browse = useCallback((layer: string, path = "/") => setPlace({ layer, path }), []);
  return (
    <div class="ov">
      <Stack snapshot={snapshot} overlay={overlay} live={live} browse={calls ? browse : undefined} />
      <Changes overlay={overlay} marks={marks} reason={gap(snapshot, "changes")} />
      <Caption overlay={overlay} />
      <WhereFrom overlay={overlay} live={live} browse={browse} />
      <Files overlay={overlay} live={live} place={place} onPlace={setPlace} />
      <Directories snapshot={snapshot} overlay={overlay} />
      <Driver overlay={overlay} />
    </div>
  );
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
