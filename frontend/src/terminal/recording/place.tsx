/** Recordings in the workbench: the list of this container's, and one that is replayed where the terminal is. */
import { useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../i18n/index";
import type { Bench } from "../../pages/bench";
import { Dialog } from "../../ui/dialog";
import { Notice } from "../../ui/notice";
import { RecordingList } from "./list";
import "../../styles/files.css";
import "../../styles/recordings.css";

export function RecordingPlace({ bench }: { bench: Bench }) {
  const { recorder, store } = bench;
  const id = recorder.replayed.value;
  return (
    <>
      {recorder.listed.value && (
        <Dialog
          wide
          title={t("recordings.of_container_title", { name: bench.container.value.name })}
          onClose={() => {
            recorder.listed.value = false;
          }}
        >
          <RecordingList
            api={recorder.api}
            container={recorder.container}
            present={new Set([recorder.container])}
            onPlay={(one) => recorder.replay(one)}
          />
          <p class="recordings-all">
            <a href="/playground/recordings">{t("recordings.all")}</a>
          </p>
        </Dialog>
      )}
      {id !== null && (
        <Over
          key={id}
          onClose={() => {
            recorder.replayed.value = null;
            bench.book.front?.parts.peek()?.screen.focus();
          }}
        >
          {(Replay, back) => (
            <Replay api={recorder.api} id={id} store={store}>
              {back}
            </Replay>
          )}
        </Over>
      )}
    </>
  );
}

type ReplayView = typeof import("./replay").Replay;

interface OverProps {
  onClose(): void;
  children(replay: ReplayView, back: preact.ComponentChild): preact.ComponentChild;
}

/** Lies over the terminal, which goes on below. The player is fetched now. */
function Over({ onClose, children }: OverProps) {
  const frame = useRef<HTMLDivElement>(null);
  const [view, setView] = useState<{ Replay: ReplayView } | "failed" | null>(null);
  const load = () => {
    setView(null);
    import("./replay").then(setView, () => setView("failed"));
  };
  useEffect(load, []);
  useEffect(() => frame.current?.focus(), []);
  const back = (
    <button type="button" class="button small primary" onClick={onClose}>
      {t("recordings.back")}
    </button>
  );
  return (
    <div class="replay-over" ref={frame} tabIndex={-1}>
      {view === null && <p class="replay-wait">{t("recordings.loading")}</p>}
      {view === "failed" && (
        <Notice
          tone="bad"
          title={t("recordings.not_played")}
          actions={
            <>
              <button type="button" class="button small" onClick={load}>
                {t("common.retry")}
              </button>
              {back}
            </>
          }
        >
          <p>{t("failure.offline")}</p>
        </Notice>
      )}
      {view !== null && view !== "failed" && children(view.Replay, back)}
    </div>
  );
}
