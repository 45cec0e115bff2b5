/** What went wrong, in words: what happened, what to do, and the action that helps. */
import { type Key, t } from "../i18n/index";
import { ApiError } from "../protocol/api";

export interface Failure {
  title: string;
  detail: string;
  /** What the web side says to scripts and logs: it names the thing. */
  technical: string | null;
  /** The member of the request that is to blame. */
  field: string | null;
  next: "retry" | "login" | "none";
}

const NO_USE_AGAIN: ReadonlySet<ApiError["code"]> = new Set<ApiError["code"]>([
  "limit-reached",
  "invalid-spec",
  "access-denied",
  "not-found",
  "image-invalid",
  "unsupported-kernel",
]);

/** `doing`: the key of a sentence such as “The container was not started”. */
export function failure(error: unknown, doing: Key): Failure {
  const title = t(doing);
  if (!(error instanceof ApiError)) {
    return { title, detail: t("failure.unknown"), technical: String(error), field: null, next: "retry" };
  }
  if (error.code === "offline") {
    return { title, detail: t("failure.offline"), technical: null, field: null, next: "retry" };
  }
  if (error.code === "signed-out") {
    return { title, detail: t("failure.signed_out"), technical: null, field: null, next: "login" };
  }
  return {
    title,
    detail: error.hint ?? t("failure.unknown"),
    technical: error.message,
    field: error.field,
    next: NO_USE_AGAIN.has(error.code) ? "none" : "retry",
  };
}
