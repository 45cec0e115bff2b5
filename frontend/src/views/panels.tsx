/** The live panels of a container: the container's world beside the host's, from one and the same pass. */
import "./panels.css";
import "./processes.css";
import "./namespaces.css";
import "./cgroup.css";
import "./overlay.css";
import "./timeline.css";
import { useComputed, useSignal } from "@preact/signals";
import { memo } from "preact/compat";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef } from "preact/hooks";
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
import { useParts } from "./use_parts";

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
  const [status, paused, frozen] = useParts(() => {
    const { snapshot, status } = store.view.value;
    return [status, store.cursor.value !== null, snapshot !== null && heldStill(snapshot)] as const;
  });
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
        data-status={status}
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
        <StatusBar store={store} lost={lost} />
        <Body store={store} terminal={terminal} opened={opened} />
        <TimeBar store={store} />
        <Aloud store={store} />
        {question.value && (
          <Asked
            store={store}
            question={question.value}
            source={source}
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
  for (let part = row?.closest("details"); part; part = part.parentElement?.closest("details")) part.open = true;
  if (row) row.scrollIntoView({ block: "nearest" });
  else frame?.scrollIntoView({ block: "start" });
}

function thingAt(target: EventTarget | null): Thing | null {
  const element = target instanceof Element ? target.closest("[data-thing]") : null;
  return (element?.getAttribute("data-thing") as Thing | null | undefined) ?? null;
}

// Each of these follows what it shows by itself: a message is no reason to draw what holds them.
const TimeBar = memo(Timeline);
const Aloud = memo(Announcer);

type AskedProps = Omit<Parameters<typeof ShowMe>[0], "snapshot"> & { store: LiveStore };

function Asked({ store, ...asked }: AskedProps) {
  return <ShowMe {...asked} snapshot={store.view.value.snapshot} />;
}

interface BodyProps {
  store: LiveStore;
  terminal: string | null;
  opened: Opened;
}

const Body = memo(function Body({ store, terminal, opened }: BodyProps) {
  const [status, known] = useParts(() => [store.view.value.status, store.view.value.snapshot !== null] as const);
  if (!known) return status === "error" || status === "gone" ? null : <Skeleton />;
  return (
    <>
      <Strip panels={PANELS} opened={opened} />
      <div class="panel-list" data-dimmed={status === "stale" || status === "gone" ? "true" : undefined}>
        <List store={store} terminal={terminal} opened={opened} />
      </div>
    </>
  );
});

function List({ store, terminal, opened }: BodyProps) {
  const front = useSignal(terminal);
  useLayoutEffect(() => {
    front.value = terminal;
  }, [front, terminal]);
  const scene = useComputed(() => {
    const state = store.view.value;
    // It is drawn only where there is a snapshot, and a store never goes back to none.
    return sceneOf(state, state.snapshot as Snapshot, front.value, store.cursor.value);
  });
  return (
    <>
      {PANELS.map((panel) => (
        <Panel key={panel.name} panel={panel} scene={scene} opened={opened} />
      ))}
    </>
  );
}

function sceneOf(state: LiveState, snapshot: Snapshot, terminal: string | null, cursor: Cursor | null): Scene {
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
    live: cursor === null,
    cursor,
  };
}

function shellPid(snapshot: Snapshot, terminal: string | null): number | null {
  const { terminals, pid } = snapshot.info;
  const front = terminals.find((one) => (terminal === null ? one.console : one.id === terminal));
  return front?.pid ?? (front === undefined || front.console ? (pid ?? null) : null);
}

/** The legend of the two worlds, and how fresh the figures are; below it what happened, when something did. */
function StatusBar({ store, lost }: { store: LiveStore; lost: boolean }) {
  const paused = useComputed(() => store.cursor.value !== null).value;
  const [status, info, alive, reason, seen] = useParts(() => {
    const { status, snapshot, alive, reason } = store.view.value;
    const at = status === "stale" && snapshot ? clock(snapshot.taken_at) : "";
    return [status, snapshot?.info ?? null, alive !== null, reason, at] as const;
  });
  const stopped = info?.state === "stopped";
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
        <p class="banner">{t(lost ? "status.lost_words" : info ? "status.gone_words" : "status.gone_nothing")}</p>
      )}
      {status === "error" && (
        <p class="banner bad" role="alert">
          {t("status.error_words", { reason: reason ?? "" })}
        </p>
      )}
      {info && status !== "gone" && <Frozen store={store} />}
      {stopped && status !== "gone" && (
        <p class="banner">
          {t("stopped.both", {
            how: exitSentence(info.exit ?? null),
            what: t(alive ? "stopped.last_figures" : "stopped.no_figures"),
          })}
        </p>
      )}
    </>
  );
}

function Frozen({ store }: { store: LiveStore }) {
  const frozen = useComputed(() => {
    const { snapshot } = store.view.value;
    return snapshot !== null && heldStill(snapshot);
  }).value;
  const { snapshot } = store.view.peek();
  return frozen && snapshot ? <FrozenBanner snapshot={snapshot} /> : null;
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
