/** Recordings as a list, with what may be kept: on a page of their own, and of one container in the workbench. */
import { useSignal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import { ago, bytes, dateTime, exactBytes } from "../../i18n/format";
import { type Key, t } from "../../i18n/index";
import type { Api } from "../../protocol/api";
import type { RecordingList as Recordings, RestRecording } from "../../protocol/rest";
import { printable } from "../../state/format";
import { type Failure, failure } from "../../ui/failure";
import { Icon } from "../../ui/icons";
import { FailureNotice } from "../../ui/notice";
import { deleteRecording } from "./recorder";
import { daysWords, length, replayPage, sentences, terminalWords, whyWords } from "./told";

/** One that is under way grows. */
const POLL_MS = 3_000;

interface Props {
  api: Api;
  /** Of this container alone. */
  container?: string;
  /** The containers that still are. */
  present: ReadonlySet<string>;
  /** Null: the replay has a page of its own. */
  onPlay: ((id: string) => void) | null;
}

export function RecordingList({ api, container, present, onPlay }: Props) {
  const known = useSignal<Recordings | null>(null);
  const away = useSignal<Failure | null>(null);
  const problem = useSignal<Failure | null>(null);

  const look = useMemo(
    () => async () => {
      try {
        known.value = await api.recordings(container);
        away.value = null;
      } catch (error) {
        away.value = failure(error, "recordings.not_listed");
      }
    },
    [api, container, known, away],
  );
  useEffect(() => {
    void look();
    const timer = setInterval(() => {
      if (!document.hidden && known.peek()?.recordings.some(({ ended }) => ended == null)) void look();
    }, POLL_MS);
    return () => clearInterval(timer);
  }, [look, known]);

  const act = async (doing: Key, action: () => Promise<unknown>) => {
    problem.value = null;
    try {
      await action();
    } catch (error) {
      problem.value = failure(error, doing);
    }
  };

  const list = known.value;
  return (
    <div class="recordings">
      {away.value && <FailureNotice failure={away.value} onRetry={() => void look()} />}
      {problem.value && (
        <FailureNotice
          failure={problem.value}
          onDismiss={() => {
            problem.value = null;
          }}
        />
      )}
      {list === null ? (
        !away.value && <p class="muted">{t("recordings.loading")}</p>
      ) : (
        <>
          <Kept {...list} />
          {list.recordings.length === 0 ? (
            <div class="recordings-none">
              <h3>{t(container === undefined ? "recordings.none" : "recordings.none_here")}</h3>
              <p>{t("recordings.none_how")}</p>
            </div>
          ) : (
            <ul class="recording-list">
              {list.recordings.map((recording) => (
                <Row
                  key={recording.id}
                  recording={recording}
                  where={container === undefined ? (present.has(recording.container) ? "there" : "deleted") : null}
                  onPlay={onPlay}
                  onSave={() => act("recordings.not_saved", () => api.saveCast(recording.id))}
                  onDelete={() =>
                    act("recordings.not_deleted", async () => {
                      if (await deleteRecording(api, recording)) await look();
                    })
                  }
                />
              ))}
            </ul>
          )}
        </>
      )}
    </div>
  );
}

/** What is used of what may be kept, and for how long. */
function Kept({ bytes_used, bytes_allowed, recording_bytes, days }: Recordings) {
  const words = t("recordings.used", { used: bytes(bytes_used), allowed: bytes(bytes_allowed) });
  return (
    <div class="recordings-kept">
      <label>
        <span class="num" title={exactBytes(bytes_used)}>
          {words}
        </span>
        <meter
          min={0}
          max={Math.max(1, bytes_allowed)}
          high={bytes_allowed * 0.9}
          value={Math.min(bytes_used, bytes_allowed)}
        >
          {words}
        </meter>
      </label>
      <p class="muted">
        {bytes_used >= bytes_allowed && <b>{t("recordings.full")} </b>}
        {sentences(t("recordings.each", { most: bytes(recording_bytes) }), daysWords(days))}
      </p>
    </div>
  );
}

interface RowProps {
  recording: RestRecording;
  /** Null: it is plain which container it is of. */
  where: "there" | "deleted" | null;
  onPlay: ((id: string) => void) | null;
  onSave: () => Promise<void>;
  onDelete: () => Promise<void>;
}

function Row({ recording, where, onPlay, onSave, onDelete }: RowProps) {
  const busy = useSignal(false);
  const started = new Date(recording.started_at);
  const name = terminalWords(recording);
  const once = (action: () => Promise<void>) => async () => {
    if (busy.peek()) return;
    busy.value = true;
    await action();
    busy.value = false;
  };
  const label = { name, when: dateTime(started) };
  return (
    <li class="recording-row">
      <div class="recording-name">
        {onPlay ? (
          <button type="button" class="linklike mono" onClick={() => onPlay(recording.id)}>
            {name}
          </button>
        ) : (
          <a class="mono" href={replayPage(recording.id)}>
            {name}
          </a>
        )}
        {where !== null && (
          <span class="recording-where">
            {where === "there" ? (
              <a href={`/playground/c/${recording.container}`}>{printable(recording.container_name)}</a>
            ) : (
              <>
                {printable(recording.container_name)} <span class="muted">({t("recordings.container_deleted")})</span>
              </>
            )}
          </span>
        )}
      </div>
      <p class="recording-facts num">
        {recording.ended == null && (
          <span class="rec-badge">
            <span class="rec-dot" aria-hidden="true" />
            {t("recordings.live")}
          </span>
        )}
        <span>{length(recording.seconds)}</span> ·{" "}
        <span title={exactBytes(recording.bytes)}>{bytes(recording.bytes)}</span>
      </p>
      <p class="recording-when">
        <time dateTime={recording.started_at} title={dateTime(started)}>
          {ago(started)}
        </time>
        <span class="muted">{whyWords(recording)}</span>
      </p>
      <div class="recording-actions">
        {onPlay ? (
          <button
            type="button"
            class="button small"
            aria-label={t("recordings.play_name", label)}
            onClick={() => onPlay(recording.id)}
          >
            <Icon name="play" />
            {t("recordings.play")}
          </button>
        ) : (
          <a class="button small" href={replayPage(recording.id)} aria-label={t("recordings.play_name", label)}>
            <Icon name="play" />
            {t("recordings.play")}
          </a>
        )}
        <button
          type="button"
          class="button small quiet"
          aria-label={t("recordings.download_name", label)}
          aria-disabled={busy.value}
          onClick={once(onSave)}
        >
          {t("recordings.download")}
        </button>
        <button
          type="button"
          class="button icon small"
          aria-label={t("recordings.delete_name", label)}
          title={t("action.delete")}
          aria-disabled={busy.value}
          onClick={once(onDelete)}
        >
          <Icon name="trash" />
        </button>
      </div>
    </li>
  );
}
