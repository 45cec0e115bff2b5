/** The terminals' part of the workbench: tabs, the terminal in front, the keys of a touch screen. */
import type { ComponentChildren } from "preact";
import { t } from "../i18n/index";
import type { Bench } from "../pages/bench";
import { FileDialogs } from "./files/dialogs";
import { TouchKeys } from "./keys";
import { OptionsMenu, screenReader } from "./options";
import { TerminalPane } from "./pane";
import { RecordingPlace } from "./recording/place";
import { ShareButton } from "./sharing/button";
import { Tabs } from "./tabs";

interface Props {
  bench: Bench;
  /** The container runs: another terminal can be had. */
  running: boolean;
  /** Lies over the screen in front. */
  hint?: ComponentChildren;
}

export function Terminals({ bench, running, hint }: Props) {
  const tab = bench.book.front;
  const condition = bench.condition.value;
  return (
    <section class="terminals world-container" aria-label={t("workbench.terminal")}>
      <div class="pane-head">
        <Tabs
          book={bench.book}
          canOpen={running}
          opening={bench.opening.value}
          onOpen={() => void bench.openTerminal()}
          onClose={(closing) => void bench.closeTerminal(closing)}
        />
        <ShareButton bench={bench} tab={tab} />
        <OptionsMenu bench={bench} tab={tab} />
      </div>
      <div
        class="terminal-stack"
        id="terminal-panel"
        role="tabpanel"
        aria-labelledby={tab ? `tab-${tab.id}` : undefined}
      >
        {tab ? (
          <TerminalPane
            key={tab.id}
            bench={bench}
            tab={tab}
            front
            stopped={condition === "stopped"}
            starting={bench.busy.value === "starting"}
            screenReader={screenReader.value}
            onStart={() => void bench.start()}
            onClose={() => void bench.closeTerminal(tab)}
          >
            {hint}
          </TerminalPane>
        ) : (
          <div class="terminal-none">
            <p>{t(condition === "stopped" ? "terminal.none_stopped" : "terminal.none")}</p>
            {condition === "stopped" && (
              <button type="button" class="button primary" onClick={() => void bench.start()}>
                {t("action.start_again")}
              </button>
            )}
          </div>
        )}
      </div>
      <TouchKeys tab={tab} />
      <RecordingPlace bench={bench} />
      <FileDialogs bench={bench} />
    </section>
  );
}
