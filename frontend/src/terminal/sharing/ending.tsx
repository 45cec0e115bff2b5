/** A guest's terminal that is not live: being connected, or over, with why and what to do. */
import { useEffect, useState } from "preact/hooks";
import { dateTime } from "../../i18n/format";
import { type Key, t } from "../../i18n/index";
import { type Api, ApiError } from "../../protocol/api";
import type { SharedTerminal } from "../../protocol/rest";
import { speak } from "../../ui/announce";
import { Notice } from "../../ui/notice";
import type { Session, SessionState } from "../session";
import { isolated } from "./people";
import { Row } from "./row";

interface Props {
  state: SessionState;
  session: Pick<Session, "retry">;
  api: Pick<Api, "shared">;
  shared: SharedTerminal;
  owner: string;
  home: string;
}

export type End = "ended" | "expired" | "closed" | "exit" | "signed_out" | "problem";

/** What ended it, as far as the session can tell; null while there is hope, or while it has to be asked. */
export function endOf(state: SessionState, expired: boolean): End | "ask" | null {
  if (state.phase === "ended") return "exit";
  if (state.phase === "gone" || (state.phase === "error" && state.problem === "refused")) {
    return expired ? "expired" : "ask";
  }
  if (state.phase !== "error") return null;
  return state.problem === "signed-out" ? "signed_out" : "problem";
}

export function Ending({ state, session, api, shared, owner, home }: Props) {
  const until = new Date(shared.expires_at);
  const found = endOf(state, until <= new Date());
  const [answer, setAnswer] = useState<End | null>(null);

  // Shown out, or no such terminal: whether the share or the terminal is over, the web side knows.
  useEffect(() => {
    if (found !== "ask") return;
    let left = false;
    api.shared(shared.id).then(
      () => !left && setAnswer("closed"),
      (error: unknown) => !left && setAnswer(verdict(error)),
    );
    return () => {
      left = true;
    };
  }, [found, api, shared.id]);

  const end = found === "ask" ? answer : found;
  const params = { owner: isolated(owner), time: dateTime(until) };
  const title = end && t(`guest.${end}_title` satisfies Key, params);
  useEffect(() => {
    if (title !== null) speak(title);
  }, [title]);

  if (end === null) return found === "ask" ? null : <Waiting state={state} session={session} owner={owner} />;
  const again = end === "exit" || end === "closed" || end === "problem";
  return (
    <Notice
      tone={end === "problem" ? "bad" : "warn"}
      title={title ?? ""}
      actions={
        <>
          {end === "signed_out" && (
            <button type="button" class="button small" onClick={() => location.reload()}>
              {t("common.sign_in")}
            </button>
          )}
          {again && (
            <button
              type="button"
              class="button small"
              onClick={() => (end === "problem" ? location.reload() : session.retry())}
            >
              {t("guest.try_again")}
            </button>
          )}
          <a class="button small" href={home}>
            {t("guest.back")}
          </a>
        </>
      }
    >
      <p>{t(`guest.${end}_body` satisfies Key, params)}</p>
    </Notice>
  );
}

function verdict(error: unknown): End {
  if (!(error instanceof ApiError)) return "problem";
  if (error.code === "signed-out") return "signed_out";
  return error.field === "terminal" || error.code === "vanished" ? "closed" : "ended";
}

function Waiting({ state, session, owner }: Pick<Props, "state" | "session" | "owner">) {
  const full = state.code === "limit-reached";
  if (state.phase === "connecting" && !full) {
    return (
      <div class="share-banner">
        <Row tone="quiet" icon="spinner">
          {t("guest.connecting", { owner: isolated(owner) })}
        </Row>
      </div>
    );
  }
  return (
    <div class="share-banner" role="status">
      <Row
        tone="warn"
        icon="warn"
        actions={
          <button type="button" class="button small" onClick={() => session.retry()}>
            {t("terminal.now")}
          </button>
        }
      >
        {t(full ? "guest.full" : "guest.reconnecting")}
      </Row>
    </div>
  );
}
