/** A recording in words. */
import { bytes } from "../../i18n/format";
import { type Key, language, t, tn } from "../../i18n/index";
import type { RestRecording } from "../../protocol/rest";
import { printable } from "../../state/format";

/** `0:07`, `1:02:03`. */
export function length(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, "0");
  const hours = Math.floor(whole / 3600);
  const rest = `${hours > 0 ? two(Math.floor(whole / 60) % 60) : Math.floor(whole / 60)}:${two(whole % 60)}`;
  return hours > 0 ? `${hours}:${rest}` : rest;
}

/** Why it ended; that it has not. */
export const endWords = ({ ended }: Pick<RestRecording, "ended">): string =>
  t(`recordings.ended_${ended ?? "not"}` satisfies Key);

/** The same, in a list. */
export const whyWords = ({ ended }: Pick<RestRecording, "ended">): string =>
  t(`recordings.why_${ended ?? "not"}` satisfies Key);

/** The names are a person's or a program's own. */
export const terminalWords = ({ title, terminal_name }: RestRecording): string =>
  printable(title || terminal_name || "sh");

export const factsWords = (recording: RestRecording): string =>
  t("recordings.facts", { length: length(recording.seconds), size: bytes(recording.bytes) });

/** One sentence after another: Chinese has no space between them. */
export const sentences = (...all: readonly string[]): string => all.join(language() === "en" ? " " : "");

/** How long they are kept. */
export const daysWords = (days: number | null | undefined): string =>
  days == null ? t("recordings.kept_always") : tn("recordings.kept_days", Math.round(days * 10) / 10);

export const replayPage = (id: string): string => `/playground/r/${encodeURIComponent(id)}`;
