/** The terminals that are shown, side by side as they were laid out, with bars between them. On a narrow page only one. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { t } from "../i18n/index";
import type { Bench } from "../pages/bench";
import { Icon } from "../ui/icons";
import { narrow } from "../ui/preferences";
import { Bar } from "../ui/split";
import type { Tab } from "./book";
import { dragEnds, dragged, target, wayOf, zoneAt } from "./dragging";
import { type Bar as BarPlace, type Box, bars, panes, SHARE } from "./layout";
import { screenReader } from "./options";
import { TerminalPane } from "./pane";
import { tabName } from "./tab_name";

const WHOLE: Box = { x: 0, y: 0, width: 100, height: 100 };

interface Props {
  bench: Bench;
  /** Lies over the screen in front. */
  hint?: ComponentChildren;
}

export function Panes({ bench, hint }: Props) {
  const stack = useRef<HTMLDivElement>(null);
  const { book } = bench;
  const layout = book.layout.value;
  const front = book.active.value;
  if (layout === null || front === null) return null;
  const places = narrow.value ? [{ terminal: front, box: WHOLE }] : panes(layout);
  const condition = bench.condition.value;
  return (
    <div class="terminal-stack" id="terminal-panel" ref={stack}>
      {places.map(({ terminal, box }) => {
        const tab = book.find(terminal);
        if (tab === null) return null;
        return (
          <Pane key={terminal} bench={bench} tab={tab} box={box} front={terminal === front} several={places.length > 1}>
            <TerminalPane
              bench={bench}
              tab={tab}
              front={terminal === front}
              stopped={condition === "stopped"}
              starting={bench.busy.value === "starting"}
              screenReader={screenReader.value}
              onStart={() => void bench.start()}
              onClose={() => void bench.closeTerminal(tab)}
            >
              {terminal === front && hint}
            </TerminalPane>
          </Pane>
        );
      })}
      {!narrow.value &&
        bars(layout).map((bar) => (
          <Bar
            key={`bar ${bar.path.join("")}`}
            class="pane-bar"
            label={t("panes.bar")}
            way={bar.way}
            share={bar.share}
            min={SHARE.min}
            max={SHARE.max}
            style={barStyle(bar)}
            box={() => part(stack.current?.getBoundingClientRect(), bar.box)}
            onChange={(share) => book.setShare(bar.path, share)}
            onReset={() => book.setShare(bar.path, 50)}
          />
        ))}
    </div>
  );
}

interface PaneProps {
  bench: Bench;
  tab: Tab;
  box: Box;
  front: boolean;
  several: boolean;
  children: ComponentChildren;
}

function Pane({ bench, tab, box, front, several, children }: PaneProps) {
  const { book } = bench;
  const drop = target.value?.terminal === tab.id ? target.value.zone : null;

  const over = (event: DragEvent) => {
    if (dragged.value === null) return;
    event.preventDefault();
    if (dragged.value === tab.id) {
      target.value = null;
      return;
    }
    const around = (event.currentTarget as HTMLElement).getBoundingClientRect();
    const zone = zoneAt((event.clientX - around.left) / around.width, (event.clientY - around.top) / around.height);
    const { terminal, zone: before } = target.peek() ?? {};
    if (terminal !== tab.id || before !== zone) target.value = { terminal: tab.id, zone };
  };

  const dropped = (event: DragEvent) => {
    const id = dragged.value;
    if (id === null) return;
    event.preventDefault();
    const zone = target.peek()?.terminal === tab.id ? target.peek()?.zone : undefined; // newer than what is drawn
    if (zone === "whole") book.put(id, tab.id);
    else if (zone !== undefined) {
      const { way, before } = wayOf(zone);
      book.split(tab.id, way, id, before);
    }
    dragEnds();
  };

  return (
    <div
      class="pane"
      role="tabpanel"
      id={`panel-${tab.id}`}
      aria-labelledby={`tab-${tab.id}`}
      data-front={front ? "true" : undefined}
      data-right={box.x > 0 ? "true" : undefined}
      data-below={box.y > 0 ? "true" : undefined}
      style={{ left: `${box.x}%`, top: `${box.y}%`, width: `${box.width}%`, height: `${box.height}%` }}
      onFocusIn={() => book.show(tab.id)}
      onDragOver={over}
      onDrop={dropped}
    >
      {several && (
        <div class="pane-title">
          <span class="pane-name mono">{tabName(tab)}</span>
          {front && (
            <span class="pane-keys" title={t("panes.has_keys")}>
              <Icon name="terminal" />
              <span class="sr-only">{t("panes.has_keys")}</span>
            </span>
          )}
          <button
            type="button"
            class="pane-close"
            aria-label={t("panes.close", { name: tabName(tab) })}
            title={t("panes.close", { name: tabName(tab) })}
            onClick={() => book.closePane(tab.id)}
          >
            <Icon name="close" />
          </button>
        </div>
      )}
      <div class="pane-body">{children}</div>
      {drop !== null && <div class="pane-drop" data-zone={drop} />}
    </div>
  );
}

function barStyle({ way, share, box }: BarPlace): Record<string, string> {
  const at = share / 100;
  return way === "right"
    ? { left: `${box.x + box.width * at}%`, top: `${box.y}%`, height: `${box.height}%` }
    : { top: `${box.y + box.height * at}%`, left: `${box.x}%`, width: `${box.width}%` };
}

function part(around: DOMRect | undefined, box: Box): DOMRect | undefined {
  if (around === undefined) return undefined;
  const [x, y] = [around.left + (around.width * box.x) / 100, around.top + (around.height * box.y) / 100];
  return new DOMRect(x, y, (around.width * box.width) / 100, (around.height * box.height) / 100);
}
