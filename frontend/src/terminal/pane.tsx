/** One terminal on the page: its screen, and below it a line that says what is wrong or over, with what to do. */
import { effect } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index";
import type { Bench } from "../pages/bench";
import { isDark } from "../ui/preferences";
import { Away } from "./away";
import { Act, Below, Strip } from "./below";
import type { Tab } from "./book";
import { Comfort } from "./comfort";
import { Earlier } from "./earlier";
import { BANNERS, STRIPS } from "./extras";
import { takeTyped } from "./held";

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
    tab.show(true);
    session.open();
    const stop = effect(() => {
      isDark();
      // After the document's own effect has changed the tokens.
      queueMicrotask(() => screen.setTheme());
    });
    const follow = effect(() => screen.setDriver(session.state.value.driver));
    return () => {
      stop();
      follow();
      tab.show(false);
      screen.unmount();
    };
  }, [parts, tab]);

  useEffect(() => parts?.screen.setScreenReader(screenReader), [parts, screenReader]);
  useEffect(() => {
    if (parts === null) return;
    const { screen, session } = parts;
    screen.setFront(front);
    if (!front) return;
    const early = takeTyped();
    if (early !== "") session.input(early);
    if (mayTakeFocus()) screen.focus();
  }, [parts, front]);

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
        <Comfort tab={tab} front={front} screenReader={screenReader} />
        {children}
        {parts && <Earlier parts={parts} />}
        {parts && <Away session={parts.session} />}
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

/** Not from the tabs, where arrow keys go on; nor from another part of the page; nor so that a telephone's keyboard pops up. */
function mayTakeFocus(): boolean {
  const { activeElement } = document;
  if (matchMedia("(pointer: coarse)").matches || activeElement?.closest("[role=tablist]")) return false;
  return activeElement === null || activeElement === document.body || activeElement.closest(".terminals") !== null;
}
