/** The line below a terminal's screen: what is wrong or over, with what to do about it. */
import type { ComponentChildren } from "preact";
import { type Key, t } from "../i18n/index";
import { signalName } from "../i18n/signals";
import type { Session, SessionState } from "./session";

interface BelowProps {
  state: SessionState;
  session: Session;
  console: boolean;
  /** The container has stopped: its console can be started again. */
  stopped: boolean;
  starting: boolean;
  onStart: () => void;
  onClose: () => void;
}

export function Below({ state, session, console: isConsole, stopped, starting, onStart, onClose }: BelowProps) {
  switch (state.phase) {
    case "ended":
      return (
        <Strip tone="plain" words={exitWords(state)}>
          {isConsole && stopped && (
            <Act primary label={starting ? t("action.starting") : t("action.start_again")} onClick={onStart} />
          )}
          {!isConsole && <Act label={t("terminal.close_tab")} onClick={onClose} />}
        </Strip>
      );
    case "gone":
      return (
        <Strip tone="plain" words={t("terminal.gone")}>
          {isConsole && stopped && (
            <Act primary label={starting ? t("action.starting") : t("action.start_again")} onClick={onStart} />
          )}
          {!isConsole && <Act label={t("terminal.close_tab")} onClick={onClose} />}
        </Strip>
      );
    case "error": {
      const problem = state.problem ?? "unreachable";
      const reload = problem === "signed-out" || problem === "protocol";
      return (
        <Strip tone="bad" words={t(`terminal.problem_${problem}` satisfies Key)} detail={state.detail}>
          <Act
            label={t(problem === "signed-out" ? "common.sign_in" : reload ? "common.reload" : "terminal.connect")}
            onClick={() => (reload ? location.reload() : session.retry())}
          />
        </Strip>
      );
    }
    case "live":
      return state.driver && state.dropped ? <Strip tone="warn" words={t("terminal.dropped")} /> : null;
    default:
      return null;
  }
}

function exitWords({ exit }: SessionState): string {
  if (exit === null) return t("terminal.ended");
  if (exit.oom) return t("terminal.ended_oom");
  if (exit.signal != null) return t("terminal.ended_signal", { signal: signalName(exit.signal) });
  if (exit.code != null) return t(exit.code === 0 ? "terminal.ended_well" : "terminal.ended_code", { code: exit.code });
  return exit.reason ? t("terminal.ended_reason", { reason: exit.reason }) : t("terminal.ended");
}

interface StripProps {
  tone: "plain" | "warn" | "bad";
  words: string;
  detail?: string | null;
  children?: ComponentChildren;
}

export function Strip({ tone, words, detail, children }: StripProps) {
  return (
    <div class={`term-strip ${tone}`} role="status">
      <p>
        {words} {detail && <span class="term-strip-detail mono">{detail}</span>}
      </p>
      {children && <div class="term-strip-actions">{children}</div>}
    </div>
  );
}

export function Act({ label, onClick, primary = false }: { label: string; onClick: () => void; primary?: boolean }) {
  return (
    <button type="button" class={`button small ${primary ? "primary" : ""}`} onClick={onClick}>
      {label}
    </button>
  );
}
