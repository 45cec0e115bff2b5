/** Why a path could not be looked at, as a sentence. */
import { t } from "../../i18n/index";
import { ApiError } from "../../protocol/api";
import { printable } from "../../state/format";

/** `layer`: the one that was looked into, where it was one alone. */
export function refusalWords(error: unknown, path: string, layer = "merged"): string {
  const shown = printable(path);
  if (!(error instanceof ApiError)) {
    return t("look.failed", { path: shown, message: error instanceof Error ? error.message : String(error) });
  }
  const message = printable(error.message);
  switch (error.code) {
    case "offline":
      return t("look.offline");
    case "signed-out":
      return t("look.signed_out");
    case "not-found":
    case "vanished": {
      const words = t(layer === "merged" ? "look.gone" : "look.not_in_layer", { path: shown });
      return error.hint === null ? words : `${words} ${t("look.on_the_way")}`;
    }
    case "access-denied":
      return t("look.refused", { path: shown, message });
    case "limit-reached":
      return t("look.large", { path: shown, message });
    case "wrong-state":
      return t("look.state");
    default:
      return t("look.failed", { path: shown, message });
  }
}
