/** What arrives in the upper layer, as it happens: each entry comes in with its sign, and stays for a while. */
import { useRef } from "preact/hooks";
import { bytes, number } from "../../i18n/format";
import { t } from "../../i18n/index";
import type { Event, Overlay } from "../../protocol/generated";
import { clock, printable } from "../../state/format";
import { useThing } from "../parts";
import { layerWords } from "../reason";
import { DEEDS, type Deed, deedOf } from "./kinds";
import { PathButton } from "./name";

const SHOWN = 6;

export function Arrivals({ happened, overlay }: { happened: readonly Event[]; overlay: Overlay }) {
  const newest = happened.at(-1)?.seq ?? 0;
  const seen = useRef(newest); // what was there before this was opened does not arrive any more
  const latest: { event: Event; deed: Deed }[] = [];
  for (let index = happened.length - 1; index >= 0 && latest.length < SHOWN; index--) {
    const event = happened[index];
    const deed = event && deedOf(event);
    if (event && deed) latest.push({ event, deed });
  }
  return (
    <div class="ov-arrivals">
      <h5>{t("lay.arrivals")}</h5>
      {latest.length === 0 ? (
        <p class="note">{t("lay.arrivals_none")}</p>
      ) : (
        <ol aria-label={t("lay.arrivals")}>
          {latest.map(({ event, deed }) => (
            <Arrival key={event.seq} event={event} deed={deed} overlay={overlay} fresh={event.seq > seen.current} />
          ))}
        </ol>
      )}
    </div>
  );
}

interface Props {
  event: Event;
  deed: Deed;
  overlay: Overlay;
  fresh: boolean;
}

function Arrival({ event, deed, overlay, fresh }: Props) {
  const path = event.path ?? "";
  const kind = DEEDS[deed];
  const source = deed === "copied_up" ? below(overlay, event.layer) : null;
  return (
    <li
      class={`ov-arrival ${deed}`}
      data-fresh={fresh ? "true" : undefined}
      title={t(kind.tell, { path: printable(path), to: printable(event.to ?? "") })}
      {...useThing(`file:${path}`)}
    >
      <time class="num muted">{clock(event.at)}</time>
      <span class="ov-deed">
        <b aria-hidden="true">{kind.sign}</b> {t(kind.word)}
      </span>
      <span class="ov-arrived">
        <PathButton path={path} />
        {event.to != null && (
          <>
            {" "}
            <span aria-hidden="true">→</span> <PathButton path={event.to} />
          </>
        )}
        {source !== null && <span class="muted"> {t("lay.arrivals_from", { layer: source })}</span>}
        {(event.count ?? 0) > 1 && <span class="muted"> ×{number(event.count ?? 0)}</span>}
      </span>
      <span class="num muted ov-bytes">{event.bytes == null ? "" : bytes(event.bytes)}</span>
    </li>
  );
}

/** The layer an entry was copied from: by its index from the top, or its directory. */
function below(overlay: Overlay, layer: string | null | undefined): string | null {
  if (layer == null) return null;
  const index = /^\d+$/.test(layer) ? Number(layer) : overlay.lowerdir.indexOf(layer);
  const title = overlay.layers[index]?.title;
  return title === undefined ? null : layerWords(title);
}
