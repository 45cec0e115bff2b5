/** One terminal on the page: its screen, and below it a line that says what is wrong or over, with what to do. */
import { effect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { type Key, t } from "../i18n/index";
import { signalName } from "../i18n/signals";
import type { Bench } from "../pages/bench";
import { isDark } from "../ui/preferences";
import type { Tab } from "./book";
import { BANNERS, STRIPS } from "./extras";
import { takeTyped } from "./held";
import type { Session, SessionState } from "./session";

interface Props {
  /** Null where one looks on at another person's terminal. */
  bench: Bench | null;
  tab: Tab;
  /** The keys go here. */
  front: boolean;
  /** What PID 1 was, when the container has stopped: its console can be started again. */
  stopped: boolean;
  starting: boolean;
  screenReader: boolean;
  onStart: () => void;
  onClose: () => void;
  /** What lies over the screen's lower edge, above the line that says what is wrong. */
  children?: ComponentChildren;
}

export function TerminalPane({
  bench,
  tab,
  front,
  stopped,
  starting,
  screenReader,
  onStart,
  onClose,
  children,
}: Props) {
  const host = useRef<HTMLDivElement>(null);
  const parts = tab.parts.value;

  useEffect(() => {
    if (host.current === null || parts === null) return;
    const { screen, session } = parts;
    screen.mount(host.current, t("terminal.label", { program: tab.program }));
    session.open();
    session.show(true);
    const early = takeTyped();
    if (early !== "") session.input(early);
    const amongTabs = document.activeElement?.closest("[role=tablist]") != null; // by arrow keys: they go on there
    if (!amongTabs && !matchMedia("(pointer: coarse)").matches) screen.focus();
    const stop = effect(() => {
      isDark();
      // After the document's own effect has changed the tokens.
      queueMicrotask(() => screen.setTheme());
    });
    const follow = effect(() => screen.setDriver(session.state.value.driver));
    return () => {
      stop();
      follow();
      session.show(false);
      screen.unmount();
    };
  }, [parts, tab]);

  useEffect(() => parts?.screen.setScreenReader(screenReader), [parts, screenReader]);
  useEffect(() => parts?.screen.setFront(front), [parts, front]);

  const state = parts?.session.state.value;
  return (
    <div
      class="terminal"
      data-phase={state?.phase ?? "connecting"}
      data-watching={state?.phase === "live" && !state.driver ? "true" : undefined}
    >
      {BANNERS.map((Banner) => (
        <Banner key={Banner.name} bench={bench} tab={tab} />
      ))}
      <div class="terminal-area">
        <div class="terminal-host" ref={host} />
        {children}
      </div>
      {tab.failed.value && (
        <Strip tone="bad" words={t("terminal.load_failed")}>
          <Act label={t("common.retry")} onClick={() => void tab.load()} />
        </Strip>
      )}
      {(state === undefined || state.phase === "connecting") && !tab.failed.value && (
        <p class="terminal-wait">{t("terminal.connecting")}</p>
      )}
      {bench !== null && parts && state && (
        <Below
          state={state}
          session={parts.session}
          console={tab.console}
          stopped={stopped}
          starting={starting}
          onStart={onStart}
          onClose={onClose}
        />
      )}
      {STRIPS.map((Extra) => (
        <Extra key={Extra.name} bench={bench} tab={tab} />
      ))}
    </div>
  );
}

interface BelowProps extends Pick<Props, "stopped" | "starting" | "onStart" | "onClose"> {
  state: SessionState;
  session: Session;
  console: boolean;
}

function Below({ state, session, console: isConsole, stopped, starting, onStart, onClose }: BelowProps) {
  switch (state.phase) {
    case "reconnecting":
      return (
        <Strip tone="warn" words={t("terminal.reconnecting")}>
          <Act label={t("terminal.now")} onClick={() => session.retry()} />
        </Strip>
      );
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
