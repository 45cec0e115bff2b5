/** On the terminal: that it is being recorded, and that a recording is over. */
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/index";
import { FailureNotice } from "../../ui/notice";
import { Act, Strip } from "../below";
import type { Extra } from "../extras";
import { recordingOf } from "./recorder";
import { endWords, factsWords, length, sentences } from "./told";

/** Everybody who looks at the terminal sees it; who owns it can end it. */
export const RecordingSign: Extra = ({ bench, tab }) => {
  const recording = recordingOf(tab);
  const recorder = bench?.recorder ?? null;
  if (recording === null) return null;
  const busy = recorder?.busy.value.has(tab.id) ?? false;
  return (
    <section class="rec-sign" aria-label={t("recordings.sign")}>
      <span class="rec-badge">
        <span class="rec-dot" aria-hidden="true" />
        REC
      </span>
      <span class="num">
        <Elapsed since={recording.started_at} />
      </span>
      <span class="rec-words">{t("recordings.is_recorded")}</span>
      {recorder && (
        <button type="button" class="button small" aria-disabled={busy} onClick={() => void recorder.stop(tab.id)}>
          {t(busy ? "recordings.stopping" : "recordings.stop")}
        </button>
      )}
    </section>
  );
};

/** The seconds are not read out: they would never end. */
function Elapsed({ since }: { since: number }) {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now() / 1000), 1000);
    return () => clearInterval(timer);
  }, []);
  return <>{length(now - since)}</>;
}

/** It ended, whoever ended it; or it could not be begun, or ended. */
export const RecordingOver: Extra = ({ bench, tab }) => {
  const recorder = bench?.recorder;
  if (!recorder) return null;
  const failed = recorder.failed.value.get(tab.id);
  if (failed) return <FailureNotice failure={failed} onDismiss={() => recorder.dismiss(tab.id)} />;
  const over = recorder.over.value.get(tab.id);
  if (!over) return null;
  return (
    <Strip tone={over.ended === "quota" ? "warn" : "plain"} words={sentences(endWords(over), factsWords(over))}>
      <Act label={t("recordings.play")} onClick={() => recorder.replay(over.id)} />
      <Act label={t("common.dismiss")} onClick={() => recorder.dismiss(tab.id)} />
    </Strip>
  );
};
