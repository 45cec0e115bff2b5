/** What is kept of a recorded terminal, for how long, and how much: said before the first recording. */
import { bytes } from "../../i18n/format";
import { t } from "../../i18n/index";
import type { RecordingList } from "../../protocol/rest";
import { daysWords, sentences } from "./told";

export function Explanation({ recording_bytes, bytes_used, bytes_allowed, days }: RecordingList) {
  const [most, used, allowed] = [bytes(recording_bytes), bytes(bytes_used), bytes(bytes_allowed)];
  return (
    <ul class="recording-explained">
      <li>{t("recordings.ask_what")}</li>
      <li>{t("recordings.ask_who")}</li>
      <li>{sentences(t("recordings.ask_large", { most, used, allowed }), daysWords(days))}</li>
    </ul>
  );
}
