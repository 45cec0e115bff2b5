/** A recording played: the screen, the controls below it, what is wrong with it. Fetched with the first replay. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import { dateTime } from "../../i18n/format";
import { t } from "../../i18n/index";
import { type Api, ApiError } from "../../protocol/api";
import type { RestRecording } from "../../protocol/rest";
import type { LiveStore } from "../../state/live";
import { type Failure, failure } from "../../ui/failure";
import { FailureNotice, Notice } from "../../ui/notice";
import { isDark } from "../../ui/preferences";
import { loadFace } from "../screen";
import { type Cast, CastError, parse } from "./cast";
import { Controls } from "./controls";
import { Deck, startOver } from "./deck";
import { CastPlayer } from "./player";
import { factsWords, terminalWords } from "./told";

interface Props {
  api: Api;
  id: string;
  /** The X-ray that moves with it: of the same container. */
  store?: LiveStore;
  /** Beside its name. */
  children?: ComponentChildren;
}

export function Replay({ api, id, store, children }: Props) {
  const loaded = useSignal<{ recording: RestRecording; cast: Cast } | null>(null);
  const problem = useSignal<Failure | "gone" | "damaged" | null>(null);

  const load = useMemo(
    () => async () => {
      problem.value = null;
      try {
        // The file first: of one under way, the facts are then no older than it.
        const text = await api.cast(id);
        const [recording] = await Promise.all([api.recording(id), loadFace()]);
        loaded.value = { recording, cast: parse(text) };
      } catch (error) {
        if (error instanceof CastError) problem.value = "damaged";
        else if (error instanceof ApiError && error.code === "not-found") problem.value = "gone";
        else problem.value = failure(error, "recordings.not_played");
      }
    },
    [api, id, loaded, problem],
  );
  useEffect(() => {
    startOver();
    void load();
  }, [load]);
  const failed = useMemo(
    () => (error: unknown) => {
      problem.value = failure(error, "recordings.not_played");
    },
    [problem],
  );

  return (
    <div class="replay">
      <header class="replay-head">
        <div class="replay-title">
          <h2 class="mono">{loaded.value ? terminalWords(loaded.value.recording) : t("recordings.replay")}</h2>
          {loaded.value && <Facts recording={loaded.value.recording} />}
        </div>
        <div class="replay-actions">
          {loaded.value?.recording.ended == null && loaded.value && (
            <button type="button" class="button small" onClick={() => void load()}>
              {t("recordings.load_more")}
            </button>
          )}
          {loaded.value && (
            <button
              type="button"
              class="button small"
              onClick={() =>
                void api.saveCast(id).catch((error: unknown) => {
                  problem.value = failure(error, "recordings.not_saved");
                })
              }
            >
              {t("recordings.download")}
            </button>
          )}
          {children}
        </div>
      </header>
      {problem.value === "gone" || problem.value === "damaged" ? (
        <Notice tone="warn" title={t(`recordings.is_${problem.value}`)}>
          <p>{t(`recordings.is_${problem.value}_body`)}</p>
          {problem.value === "damaged" && (
            <p>
              <button type="button" class="button small" onClick={() => void api.saveCast(id).catch(() => load())}>
                {t("recordings.download")}
              </button>
            </p>
          )}
        </Notice>
      ) : (
        problem.value && <FailureNotice failure={problem.value} onRetry={() => void load()} />
      )}
      {loaded.value && problem.value !== "gone" ? (
        <Stage
          key={`${id}/${loaded.value.cast.seconds}/${isDark()}`}
          {...loaded.value}
          store={store ?? null}
          failed={failed}
        />
      ) : (
        problem.value === null && <p class="replay-wait">{t("recordings.loading")}</p>
      )}
    </div>
  );
}

function Facts({ recording }: { recording: RestRecording }) {
  return (
    <p class="replay-facts">
      <time dateTime={recording.started_at}>{dateTime(new Date(recording.started_at))}</time> · {factsWords(recording)}
      {recording.ended == null && (
        <>
          {" · "}
          <b>{t("recordings.live")}</b>
        </>
      )}
    </p>
  );
}

interface StageProps {
  recording: RestRecording;
  cast: Cast;
  store: LiveStore | null;
  failed: (error: unknown) => void;
}

function Stage({ recording, cast, store, failed }: StageProps) {
  const host = useRef<HTMLDivElement>(null);
  const deck = useMemo(() => new Deck(recording, cast, store, failed), [recording, cast, store, failed]);
  useEffect(() => {
    const place = host.current;
    if (place === null) return;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    return deck.open((...played) => new CastPlayer(place, ...played), still);
  }, [deck]);
  const apart = deck.apart.value;
  const damaged = cast.damaged > 0 ? t("recordings.damaged_lines") : null;
  return (
    <Controls deck={deck} note={damaged ?? (apart && t(`recordings.apart_${apart}`))}>
      <div class="replay-screen" ref={host} />
    </Controls>
  );
}
