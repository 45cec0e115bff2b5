/** The two questions about files: where to put those that were dropped or chosen, and which one to fetch. */
import { useSignal } from "@preact/signals";
import { useId, useLayoutEffect, useRef } from "preact/hooks";
import { bytes, exactBytes } from "../../i18n/format";
import { t, tn } from "../../i18n/index";
import type { Bench } from "../../pages/bench";
import { printable } from "../../state/format";
import { announce } from "../../ui/announce";
import { Dialog } from "../../ui/dialog";
import { isPath, MAX_FILE } from "./paths";
import { refusedWords } from "./refused";
import type { Offer } from "./uploads";

export function FileDialogs({ bench }: { bench: Bench }) {
  const offer = bench.uploads.offered.value;
  const asked = bench.uploads.asked.value;
  return (
    <>
      {offer !== null && <UploadDialog bench={bench} offer={offer} />}
      {asked !== null && <DownloadDialog bench={bench} start={asked} />}
    </>
  );
}

/** Why nothing can go in or out now; null: it can. */
function obstacle(bench: Bench): string | null {
  if (bench.condition.value !== "running") return t("files.not_running");
  return bench.container.value.frozen ? t("files.frozen") : null;
}

function UploadDialog({ bench, offer }: { bench: Bench; offer: Offer }) {
  const directory = useSignal(offer.directory);
  const id = useId();
  const close = () => bench.uploads.decline();
  const { most } = bench.uploads;
  const fit = offer.files.filter(({ size }) => size <= most);
  const why = obstacle(bench);
  const valid = isPath(directory.value);
  const ready = why === null && valid && fit.length > 0;
  return (
    <Dialog title={t("files.upload_title", { name: bench.container.value.name })} onClose={close}>
      <form
        class="files-form"
        onSubmit={(event) => {
          event.preventDefault();
          if (ready) bench.uploads.accept(directory.peek());
        }}
      >
        <ul class="files-list">
          {offer.files.map((file, index) => (
            <li key={index}>
              <span class="mono">{printable(file.name)}</span>
              <span class="num" title={exactBytes(file.size)}>
                {bytes(file.size)}
              </span>
              {file.size > most && <span class="files-large">{t("files.too_large", { most: bytes(most) })}</span>}
            </li>
          ))}
        </ul>
        {offer.folders > 0 && <p class="files-large">{tn("files.folders", offer.folders)}</p>}
        {fit.length > 0 && (
          <div class="field">
            <label for={id}>{t("files.directory")}</label>
            <input
              id={id}
              class="input mono"
              value={directory.value}
              spellcheck={false}
              autocapitalize="off"
              autocomplete="off"
              aria-invalid={!valid}
              aria-describedby={`${id}-note`}
              onInput={(event) => {
                directory.value = event.currentTarget.value;
              }}
            />
            <p id={`${id}-note`} class={`note ${valid ? "" : "bad"}`}>
              {t(valid ? "files.directory_note" : "files.absolute")}
            </p>
          </div>
        )}
        {why !== null && (
          <p class="files-large" role="alert">
            {why}
          </p>
        )}
        <div class="dialog-actions">
          <button type="button" class="button" onClick={close}>
            {t(fit.length > 0 ? "common.cancel" : "common.close")}
          </button>
          {fit.length > 0 && (
            <button type="submit" class="button primary" aria-disabled={!ready}>
              {tn("files.upload_do", fit.length)}
            </button>
          )}
        </div>
      </form>
    </Dialog>
  );
}

function DownloadDialog({ bench, start }: { bench: Bench; start: string }) {
  const path = useSignal(start);
  const busy = useSignal(false);
  const problem = useSignal<string | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const id = useId();
  const why = obstacle(bench);
  const close = () => {
    bench.uploads.asked.value = null;
  };
  useLayoutEffect(() => field.current?.setSelectionRange(start.length, start.length), [start]);
  const fetchIt = async () => {
    if (busy.peek() || why !== null) return;
    if (!isPath(path.peek()) || path.peek().endsWith("/")) {
      problem.value = t("files.absolute_file");
      return;
    }
    busy.value = true;
    problem.value = null;
    try {
      await bench.uploads.api.saveFile(bench.container.peek().id, path.peek());
      announce(t("files.fetching", { path: printable(path.peek()) }));
      close();
    } catch (error) {
      problem.value = refusedWords(error, path.peek());
    } finally {
      busy.value = false;
    }
  };
  return (
    <Dialog title={t("files.download_title", { name: bench.container.value.name })} onClose={close}>
      <form
        class="files-form"
        onSubmit={(event) => {
          event.preventDefault();
          void fetchIt();
        }}
      >
        <div class="field">
          <label for={id}>{t("files.path")}</label>
          <input
            ref={field}
            data-first
            id={id}
            class="input mono"
            value={path.value}
            spellcheck={false}
            autocapitalize="off"
            autocomplete="off"
            aria-invalid={problem.value !== null}
            aria-describedby={`${id}-note`}
            onInput={(event) => {
              path.value = event.currentTarget.value;
              problem.value = null;
            }}
          />
          <p id={`${id}-note`} class={`note ${problem.value || why ? "bad" : ""}`} role="status">
            {why ?? problem.value ?? t("files.path_note", { most: bytes(MAX_FILE) })}
          </p>
        </div>
        <div class="dialog-actions">
          <button type="button" class="button" onClick={close}>
            {t("common.cancel")}
          </button>
          <button type="submit" class="button primary" aria-disabled={busy.value || why !== null}>
            {t(busy.value ? "files.asking" : "files.download")}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
