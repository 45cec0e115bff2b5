/** The terminals' part of the workbench: tabs, the panes, the keys of a touch screen. */
import type { ComponentChildren } from "preact";
import { t } from "../i18n/index";
import type { Bench } from "../pages/bench";
import { Icon } from "../ui/icons";
import { FileDialogs } from "./files/dialogs";
import { TouchKeys } from "./keys";
import { OptionsMenu } from "./options";
import { actOn, paneKey } from "./pane_keys";
import { Panes } from "./panes";
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
    <section
      class="terminals world-container"
      aria-label={t("workbench.terminal")}
      onKeyDownCapture={(event) => {
        const key = paneKey(event);
        if (key === null) return;
        event.preventDefault();
        event.stopPropagation();
        actOn(key, bench, running);
      }}
    >
      <div class="pane-head">
        <Tabs
          book={bench.book}
          canOpen={running}
          opening={bench.opening.value}
          onOpen={() => void bench.openTerminal()}
          onClose={(closing) => void bench.closeTerminal(closing)}
          onRename={(renamed, name) => void bench.renameTerminal(renamed, name)}
        />
        <ShareButton bench={bench} tab={tab} />
        {running && tab && <Splits bench={bench} />}
        <OptionsMenu bench={bench} tab={tab} />
      </div>
      {tab ? (
        <Panes bench={bench} hint={hint} />
      ) : (
        <div class="terminal-stack" id="terminal-panel">
          <div class="terminal-none">
            <p>{t(condition === "stopped" ? "terminal.none_stopped" : "terminal.none")}</p>
            {condition === "stopped" && (
              <button type="button" class="button primary" onClick={() => void bench.start()}>
                {t("action.start_again")}
              </button>
            )}
          </div>
        </div>
      )}
      <TouchKeys tab={tab} />
      <RecordingPlace bench={bench} />
      <FileDialogs bench={bench} />
    </section>
  );
}

/** Another shell beside the one in front. */
function Splits({ bench }: { bench: Bench }) {
  const { full } = bench.book;
  return (
    <div class="splits">
      {(["right", "down"] as const).map((way) => {
        const label = t(way === "right" ? "panes.split_right" : "panes.split_down");
        return (
          <button
            key={way}
            type="button"
            class="button icon small"
            data-opens-terminal
            aria-label={label}
            title={full ? t("tabs.full") : label}
            aria-disabled={full || bench.opening.value}
            onClick={() => void bench.openTerminal(way)}
          >
            <Icon name={way === "right" ? "splitRight" : "splitDown"} />
          </button>
        );
      })}
    </div>
  );
}
