/** The live panels of a container: the container's world beside the host's, from one and the same pass. */
import "./panels.css";
import "./processes.css";
import "./namespaces.css";
import "./cgroup.css";
import "./overlay.css";
import "./timeline.css";
import { useSignal } from "@preact/signals";
import { useCallback, useEffect, useMemo, useRef } from "preact/hooks";
import { t } from "../i18n/index";
import type { Snapshot } from "../protocol/generated";
import type { Quota } from "../protocol/rest";
import { clock } from "../state/format";
import { Link, type Thing } from "../state/link";
import type { Cursor, LiveState, LiveStore } from "../state/live";
import { FrozenBanner, heldStill } from "./cgroup/control";
import { type Calls, PanelContext, type PanelName, type Question, type Surroundings } from "./context";
import { Announcer } from "./events";
import { exitSentence } from "./events_words";
import { Opened } from "./opened";
import { Panel } from "./panel";
import { PANELS } from "./registry";
import type { Scene } from "./scene";
import { type ReadSource, ShowMe } from "./showme";
import { Strip } from "./strip";
import { Timeline, useTimeKeys } from "./timeline";

export interface PanelsProps {
  store: LiveStore;
  /** Share one to let other parts of the page light up with the panels. */
  link?: Link;
  source: ReadSource;
  /** Absent: there is nobody to ask. */
  calls?: Calls | null;
  /** What the person may give to a container. */
  quota?: Quota | null;
  /** Whether the person may see every process of the host. */
  seesHost?: boolean;
  /** Puts a command at the prompt of the terminal in front; it is not run. */
  typeIntoTerminal?: ((text: string) => void) | undefined;
  /** It did not end and was not deleted: its host lost it. */
  lost?: boolean;
  /** Id of the terminal in front; without one the console's process is "your shell". */
  terminal?: string | null;
}

export function Panels(props: PanelsProps) {
  const { store, link: shared, source, calls = null, quota = null, seesHost = false, typeIntoTerminal } = props;
  const { terminal = null, lost = false } = props;
  const own = useMemo(() => new Link(), []);
  const link = shared ?? own;
  const opened = useMemo(() => new Opened(), []);
  const root = useRef<HTMLDivElement>(null);
  const question = useSignal<Question | null>(null);
  const reveal = useCallback(
    (panel: PanelName, thing?: Thing) => {
      opened.set(panel, true);
      if (thing !== undefined) link.hold(thing);
      // Drawn first: a folded panel has no rows to scroll to.
      requestAnimationFrame(() => bringIntoView(root.current, panel, thing));
    },
    [opened, link],
  );
  const surroundings = useMemo<Surroundings>(
    () => ({
      link,
      store,
      showMe: (asked) => (question.value = asked),
      calls,
      quota,
      seesHost,
      typeIntoTerminal,
      reveal,
    }),
    [link, store, question, calls, quota, seesHost, typeIntoTerminal, reveal],
  );
  const close = useCallback(() => {
    question.value = null;
  }, [question]);
  const state = store.view.value;
  const cursor = store.cursor.value;
  const paused = cursor !== null;
  const frozen = state.snapshot !== null && heldStill(state.snapshot);
  useTimeKeys(store);
  useEffect(() => {
    const timer = setInterval(() => store.tick(), 1000);
    return () => clearInterval(timer);
  }, [store]);

  return (
    <PanelContext.Provider value={surroundings}>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: pointing and focus inside are listened to once, here */}
      {/* biome-ignore lint/a11y/useKeyWithClickEvents: a click holds what keyboard focus lights anyway */}
      <div
        class="panels"
        ref={root}
        data-status={state.status}
        data-paused={paused ? "true" : undefined}
        data-frozen={frozen ? "true" : undefined}
        style={frozen ? { "--frozen": `"${t("cg.frozen_short")}"` } : undefined}
        onPointerOver={(event) => link.point(event.pointerType === "touch" ? null : thingAt(event.target))}
        onPointerLeave={() => link.point(null)}
        onFocusIn={(event) => link.focus(thingAt(event.target))}
        onFocusOut={() => link.focus(null)}
        onClick={(event) => {
          if (!(event.target as Element).closest("button, a, summary, label, dialog")) link.pin(thingAt(event.target));
        }}
      >
        <StatusBar state={state} lost={lost} paused={paused} />
        <Body state={state} terminal={terminal} opened={opened} cursor={cursor} />
        <Timeline store={store} />
        <Announcer store={store} />
        {question.value && (
          <ShowMe
            question={question.value}
            source={source}
            snapshot={state.snapshot}
            typeIntoTerminal={typeIntoTerminal}
            onClose={close}
          />
        )}
      </div>
    </PanelContext.Provider>
  );
}

function bringIntoView(root: HTMLElement | null, panel: PanelName, thing: Thing | undefined): void {
  const frame = root?.querySelector<HTMLElement>(`[data-panel="${panel}"]`);
  // Of a long list only a part is drawn: what draws it brings the row into sight first.
  frame?.querySelector(".windowed")?.dispatchEvent(new Event("reveal"));
  const inside = thing && [...(frame?.querySelectorAll<HTMLElement>("[data-thing]") ?? [])];
  const row = inside?.find((one) => one.dataset.thing === thing);
  if (row) row.scrollIntoView({ block: "nearest" });
  else frame?.scrollIntoView({ block: "start" });
}

function thingAt(target: EventTarget | null): Thing | null {
  const element = target instanceof Element ? target.closest("[data-thing]") : null;
  return (element?.getAttribute("data-thing") as Thing | null | undefined) ?? null;
}

interface BodyProps {
  state: LiveState;
  terminal: string | null;
  opened: Opened;
  cursor: Cursor | null;
}

function Body({ state, terminal, opened, cursor }: BodyProps) {
  const { snapshot, marks } = state;
  if (!snapshot) {
    return state.status === "error" || state.status === "gone" ? null : <Skeleton />;
  }
  const scene = sceneOf(state, snapshot, terminal, cursor !== null);
  return (
    <>
      <Strip panels={PANELS} opened={opened} />
      <div class="panel-list" data-dimmed={state.status === "stale" || state.status === "gone" ? "true" : undefined}>
        {PANELS.map((panel) => (
          <Panel
            key={panel.name}
            name={panel.name}
            title={t(panel.title)}
            marks={marks[panel.name]}
            past={(panel.from?.(scene) ?? scene.shown) !== snapshot}
            summary={panel.summary(scene)}
            moment={cursor}
            open={opened.is(panel.name, panel.frequent ?? false)}
            onOpen={(open) => opened.set(panel.name, open)}
          >
            {() => panel.render(scene)}
          </Panel>
        ))}
      </div>
    </>
  );
}

function sceneOf(state: LiveState, snapshot: Snapshot, terminal: string | null, paused: boolean): Scene {
  const over = snapshot.info.state === "stopped";
  // A container at rest has no processes, namespaces or cgroup: the last figures stay, and are said to be the last.
  const shown = over && state.alive ? state.alive : snapshot;
  return {
    snapshot,
    shown,
    // Its cgroup outlives PID 1: what it wrote to its upper layer is still charged there.
    group: snapshot.container.cgroup.summary.memory_bytes == null ? shown : snapshot,
    files: snapshot.host.overlay.upperdir ? snapshot : shown,
    marks: state.marks,
    points: state.points,
    events: state.events,
    rates: state.rates,
    shell: shellPid(shown, terminal),
    over,
    live: !paused,
  };
}

function shellPid(snapshot: Snapshot, terminal: string | null): number | null {
  const { terminals, pid } = snapshot.info;
  const front = terminals.find((one) => (terminal === null ? one.console : one.id === terminal));
  return front?.pid ?? (front === undefined || front.console ? (pid ?? null) : null);
}

/** The legend of the two worlds, and how fresh the figures are; below it what happened, when something did. */
function StatusBar({ state, lost, paused }: { state: LiveState; lost: boolean; paused: boolean }) {
  const { snapshot, status } = state;
  const seen = snapshot ? clock(snapshot.taken_at) : "";
  const stopped = snapshot?.info.state === "stopped";
  return (
    <>
      <div class="panels-bar">
        <p class="legend">
          <span class="legend-item world-container">{t("legend.container")}</span>
          <span class="legend-item world-host">{t("legend.host")}</span>
        </p>
        <p class="freshness" data-status={paused ? "paused" : status}>
          <span class="pulse" aria-hidden="true" />
          {t(paused ? "time.paused" : lost && status === "gone" ? "status.lost" : `status.${status}`)}
        </p>
      </div>
      {status === "stale" && <p class="banner warn">{t("status.stale_words", { at: seen })}</p>}
      {status === "gone" && (
        <p class="banner">{t(lost ? "status.lost_words" : snapshot ? "status.gone_words" : "status.gone_nothing")}</p>
      )}
      {status === "error" && (
        <p class="banner bad" role="alert">
          {t("status.error_words", { reason: state.reason ?? "" })}
        </p>
      )}
      {snapshot && status !== "gone" && <FrozenBanner snapshot={snapshot} />}
      {stopped && status !== "gone" && (
        <p class="banner">
          {t("stopped.both", {
            how: exitSentence(snapshot.info.exit ?? null),
            what: t(state.alive ? "stopped.last_figures" : "stopped.no_figures"),
          })}
        </p>
      )}
    </>
  );
}

function Skeleton() {
  return (
    <div class="panel-list" aria-busy="true">
      <p class="sr-only">{t("status.loading")}</p>
      {PANELS.slice(0, 4).map(({ title }, index) => (
        <section class="panel" key={title}>
          <header class="panel-head">
            <h3>
              <span class="panel-fold">{t(title)}</span>
            </h3>
          </header>
          <div class="panel-body">
            {[68, 92, 80, 86].slice(0, 3 + (index % 2)).map((width) => (
              <div key={width} class="bone" style={{ width: `${width}%` }} />
            ))}
          </div>
        </section>
      ))}
    </div>
  );
}
