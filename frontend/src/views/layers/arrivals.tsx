/** What arrives in the upper layer, as it happens: each entry comes in with its sign, and stays for a while. */
import { computed, type ReadonlySignal, signal } from "@preact/signals";
import { useMemo, useRef } from "preact/hooks";
import { bytes, number } from "../../i18n/format";
import { type Key, t } from "../../i18n/index";
import type { Event, Overlay } from "../../protocol/generated";
import { clock, printable } from "../../state/format";
import type { Happening } from "../../state/live";
import { useSurroundings } from "../context";
import { useThing } from "../parts";
import { layerWords } from "../reason";
import { DEEDS, type Deed, deedOf } from "./kinds";
import { PathButton } from "./name";

const SHOWN = 6;

interface ArrivalsProps {
  overlay: Overlay;
  /** A moment gone by, seconds since the epoch: nothing later is shown. Null: now. */
  until: number | null;
}

const NOTHING = signal<readonly Happening[]>([]);

export function Arrivals({ overlay, until }: ArrivalsProps) {
  const { store } = useSurroundings();
  const happenings: ReadonlySignal<readonly Happening[]> = store?.happenings ?? NOTHING;
  // What was there before this was opened does not arrive any more.
  const seen = useRef<number | null>(null);
  seen.current ??= happenings.peek().reduce((most, { event }) => Math.max(most, event.seq), 0);
  const latest = useLatest(happenings, until);
  return (
    <div class="ov-arrivals">
      <h4>{t("lay.arrivals")}</h4>
      {latest.length === 0 ? (
        <p class="note">{t("lay.arrivals_none")}</p>
      ) : (
        <ol aria-label={t("lay.arrivals")}>
          {latest.map(({ event, deed }) => (
            <Arrival
              key={event.seq}
              event={event}
              deed={deed}
              overlay={overlay}
              fresh={until === null && event.seq > (seen.current ?? 0)}
            />
          ))}
        </ol>
      )}
    </div>
  );
}

interface Told {
  event: Event;
  deed: Deed;
}

/** The last few, newest first; the same array while they are the same, so that a fork bomb draws nothing here. */
function useLatest(happenings: ReadonlySignal<readonly Happening[]>, until: number | null): readonly Told[] {
  const before = useRef<readonly Told[]>([]);
  const latest = useMemo(
    () =>
      computed(() => {
        const list = happenings.value;
        const found: Told[] = [];
        for (let index = list.length - 1; index >= 0 && found.length < SHOWN; index--) {
          const event = list[index]?.event;
          const deed = event && (until === null || event.at <= until) ? deedOf(event) : null;
          if (event && deed) found.push({ event, deed });
        }
        const same = found.length === before.current.length && found[0]?.event === before.current[0]?.event;
        if (!same) before.current = found;
        return before.current;
      }),
    [happenings, until],
  );
  return latest.value;
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
  const source = below(overlay, event.layer);
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
        {source !== null && HIDES[deed] !== undefined && (
          <span class="muted" title={source.title}>
            {" "}
            {t(HIDES[deed], { layer: source.name })}
          </span>
        )}
        {(event.count ?? 0) > 1 && <span class="muted"> ×{number(event.count ?? 0)}</span>}
      </span>
      <span class="num muted ov-bytes">{event.bytes == null ? "" : bytes(event.bytes)}</span>
    </li>
  );
}

/** What an arrival has to do with the layer below that it names. */
const HIDES: Partial<Record<Deed, Key>> = {
  copied_up: "lay.arrivals_from",
  whiteout: "lay.arrivals_hides",
  opaque: "lay.arrivals_hides",
};

/** The layer below that has the same name: by its index from the top, or its directory. */
function below(overlay: Overlay, layer: string | null | undefined): { name: string; title: string } | null {
  if (layer == null) return null;
  const index = /^\d+$/.test(layer) ? Number(layer) : overlay.lowerdir.indexOf(layer);
  const title = overlay.layers[index]?.title;
  return title === undefined ? null : { name: `lowerdir ${index + 1}`, title: layerWords(title) };
}
