/** Why a file could not be sent or had, and what to do, as a sentence. */
import { bytes } from "../../i18n/format";
import { t } from "../../i18n/index";
import { ApiError } from "../../protocol/api";
import { printable } from "../../state/format";
import { MAX_FILE } from "./paths";

export function refusedWords(error: unknown, path: string): string {
  if (!(error instanceof ApiError)) return t("failure.unknown");
  switch (error.code) {
    case "offline":
      return t("failure.offline");
    case "signed-out":
      return t("failure.signed_out");
    case "not-found":
    case "vanished":
      return t("files.no_such", { path: printable(path) });
    case "wrong-state":
      return t("files.not_running");
    case "limit-reached":
    case "no-capacity":
      return t("files.no_room", { message: printable(error.hint ?? error.message), most: bytes(MAX_FILE) });
    default:
      return printable(error.hint ?? error.message);
  }
}
