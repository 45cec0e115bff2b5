/** The question before a paste that would run line by line, or is large: its lines, which can be changed first. */
import { useState } from "preact/hooks";
import { bytes } from "../i18n/format";
import { t, tn } from "../i18n/index";
import { Dialog } from "../ui/dialog";
import { type Doubt, doubtful } from "./paste";

/** Characters that turn the direction of others, or are not there to be seen: what is read may not be what runs. */
const UNSEEN = /[\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff]/g;
/** A field with more of it is slow to type in. */
const MOST_SHOWN = 200_000;

export function PasteDialog({ doubt, onAnswer }: { doubt: Doubt; onAnswer: (text: string | null) => void }) {
  const [text, setText] = useState(doubt.text);
  const whole = doubt.text.length <= MOST_SHOWN;
  const now = doubtful(text, !doubt.runs) ?? { lines: 1, bytes: new TextEncoder().encode(text).length, runs: false };
  const unseen = text.match(UNSEEN)?.length ?? 0;

  return (
    <Dialog title={t("paste.title")} onClose={() => onAnswer(null)} wide>
      <p class="dialog-text">
        {t("paste.size", { lines: tn("paste.lines", now.lines), bytes: bytes(now.bytes) })}{" "}
        {now.runs ? t("paste.runs") : t("paste.large")}
      </p>
      {unseen > 0 && <p class="paste-unseen">{tn("paste.unseen", unseen)}</p>}
      <textarea
        class="paste-text mono"
        aria-label={t("paste.text")}
        value={whole ? text : `${text.slice(0, MOST_SHOWN)}\n…`}
        readOnly={!whole}
        spellcheck={false}
        wrap="off"
        rows={Math.min(14, Math.max(4, now.lines + 1))}
        onInput={(event) => setText(event.currentTarget.value)}
      />
      <div class="dialog-actions">
        <button type="button" class="button" onClick={() => onAnswer(null)}>
          {t("common.cancel")}
        </button>
        <button type="button" class="button primary" aria-disabled={text === ""} onClick={() => onAnswer(text)}>
          {t("paste.action")}
        </button>
      </div>
    </Dialog>
  );
}
