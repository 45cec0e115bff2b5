/** "What happened": a list, newest first; each entry leads to its moment and lights up what it is about. */
import { useComputed } from "@preact/signals";
import { memo } from "preact/compat";
import { useEffect, useState } from "preact/hooks";
import { t, tn } from "../i18n/index";
import { clock } from "../state/format";
import { type Happening, type Lane, laneOf } from "../state/happenings";
import type { LiveStore } from "../state/live";
import { useSurroundings } from "./context";
import { EventSign, IMPORTANT, KINDS, type Kind, LANES, placeOf } from "./events_signs";
import { sentence } from "./events_words";
import { reasonWords } from "./reason";

/** So many are drawn. */
const MOST = 150;

type Filter = "" | Lane | Kind;

export function EventList({ store }: { store: LiveStore }) {
  const [filter, setFilter] = useState<Filter>("");
  const all = store.happenings.value;
  const at = store.cursor.value?.at ?? null;
  const fits = (one: Happening): boolean => filter === "" || one.event.kind === filter || laneOf(one.event) === filter;
  const found = filter === "" ? all : all.filter(fits);
  const newest = found.slice(-MOST).reverse();
  const present = new Set(all.map((one) => one.event.kind));
  return (
    <section class="happened" aria-labelledby="happened-title">
      <header class="happened-head">
        <h3 id="happened-title">{t("happened.title")}</h3>
        <span class="muted num">{tn("happened.count", found.length)}</span>
        <label>
          {t("happened.filter")}{" "}
          <select value={filter} onChange={(event) => setFilter(event.currentTarget.value as Filter)}>
            <option value="">{t("happened.all")}</option>
            {LANES.map((lane) => (
              <optgroup key={lane} label={t(`lane.${lane}`)}>
                <option value={lane}>
                  {t(`lane.${lane}`)}: {t("happened.all")}
                </option>
                {KINDS.filter((kind) => laneOf({ kind, seq: 0, at: 0 }) === lane).map((kind) => (
                  <option key={kind} value={kind} disabled={!present.has(kind) && kind !== filter}>
                    {t(`kind.${kind}`)}
                  </option>
                ))}
              </optgroup>
            ))}
          </select>
        </label>
      </header>
      <Deaf store={store} />
      {found.length === 0 ? (
        <p class="empty">{t(filter === "" ? "happened.none" : "happened.none_of")}</p>
      ) : (
        <ol class="happened-list" reversed>
          {newest.map((one) => (
            <Entry key={one.id} one={one} store={store} later={at !== null && one.at > at} />
          ))}
        </ol>
      )}
      {found.length > MOST && <p class="note">{t("happened.cut", { count: MOST })}</p>}
    </section>
  );
}

/** What the worker cannot hear on this host, or of this container: it is then told late, or not at all. */
function Deaf({ store }: { store: LiveStore }) {
  const gaps = useComputed(() => {
    const found = Object.entries(store.view.value.snapshot?.gaps ?? {}).filter(([path]) => path.startsWith("events."));
    return found.map(([, reason]) => reason).join("\n");
  }).value;
  if (gaps === "") return null;
  return (
    <div class="note happened-deaf">
      {t("happened.deaf")}
      <ul>
        {gaps.split("\n").map((reason) => (
          <li key={reason}>{reasonWords(reason)}</li>
        ))}
      </ul>
    </div>
  );
}

const Entry = memo(function Entry({ one, store, later }: { one: Happening; store: LiveStore; later: boolean }) {
  const { reveal } = useSurroundings();
  return (
    <li data-later={later ? "true" : undefined}>
      <button
        type="button"
        title={later ? t("happened.later") : undefined}
        onClick={() => {
          store.jump(one.at);
          const { panel, thing } = placeOf(one.event);
          reveal(panel, thing);
        }}
      >
        <time class="num">{clock(one.at)}</time>
        <EventSign event={one.event} />
        <span>{sentence(one)}</span>
      </button>
    </li>
  );
});

/** At most one of a kind is said aloud in so many seconds: a fork bomb is refused many times a second. */
const QUIET_SECONDS = 10;

/** Only what matters is said aloud, never a number that ticks, and nothing that happened before the page was open. */
export function Announcer({ store }: { store: LiveStore }) {
  const [words, setWords] = useState("");
  const last = useComputed(() => store.happenings.value.findLast((one) => IMPORTANT.has(one.event.kind)) ?? null).value;
  const [said] = useState(() => new Map<Kind, number>());
  useEffect(() => {
    if (last === null || last.at < store.since) return;
    const before = said.get(last.event.kind);
    if (before !== undefined && last.at - before < QUIET_SECONDS) return;
    said.set(last.event.kind, last.at);
    setWords(sentence(last));
  }, [last, store, said]);
  return (
    <p class="sr-only" role="status">
      {words}
    </p>
  );
}
