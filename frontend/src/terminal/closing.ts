/** What a closed connection means: one row for each close code of `pty.v1`; and what one that was not granted means. */
import { ApiError } from "../protocol/api";
import { Close } from "../protocol/pty";

/** Why a terminal stands still until a person acts. */
export type Problem = "protocol" | "signed-out" | "refused" | "idle" | "taken-over" | "input-quota" | "unreachable";

export type Verdict =
  | { next: "retry" }
  | { next: "ended" }
  | { next: "gone" }
  | { next: "stop"; problem: Problem; detail?: string };

const TABLE: Record<number, Verdict> = {
  [Close.PROTOCOL]: { next: "stop", problem: "protocol" },
  [Close.TICKET]: { next: "retry" }, // it lives a minute: the next attempt gets a new one, or a 401 that ends the tries
  [Close.ROLE]: { next: "stop", problem: "refused" },
  [Close.NO_SESSION]: { next: "gone" },
  [Close.IDLE]: { next: "stop", problem: "idle" },
  [Close.TAKEN_OVER]: { next: "stop", problem: "taken-over" },
  [Close.ENDED]: { next: "ended" },
  [Close.INPUT_QUOTA]: { next: "stop", problem: "input-quota" },
  [Close.RATE]: { next: "retry" },
  [Close.WORKER_AWAY]: { next: "retry" },
  [Close.RESTART]: { next: "retry" },
};

/** Codes that are not in the table are the network's own (1001, 1006, …): try again. */
export const verdict = (code: number): Verdict => TABLE[code] ?? { next: "retry" };

/** No ticket was to be had: by the web side's word that is the end of it, or a reason to try again. */
export function refusal(error: unknown): Verdict {
  if (!(error instanceof ApiError)) {
    return { next: "stop", problem: "protocol", detail: error instanceof Error ? error.message : String(error) };
  }
  switch (error.code) {
    case "not-found":
    case "vanished":
      return { next: "gone" };
    case "wrong-state":
      return { next: "ended" };
    case "signed-out":
      return { next: "stop", problem: "signed-out" };
    case "access-denied":
      return { next: "stop", problem: "refused", detail: error.message };
    default:
      return { next: "retry" };
  }
}
