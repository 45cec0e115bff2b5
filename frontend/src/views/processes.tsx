// biome-ignore-all lint/a11y/useSemanticElements: a treegrid has no HTML elements of its own, and a table cannot tie two trees in one grid
// biome-ignore-all lint/a11y/useFocusableInteractive: rows take the focus here, as the treegrid pattern allows; cells do not
/** The process tree seen twice: what the container counts from 1 are ordinary processes of the host. */
import { memo } from "preact/compat";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { t, tn } from "../i18n/index";
import type { Snapshot, Usage } from "../protocol/generated";
import { kindOf, nameOf } from "../state/link";
import type { Marks } from "../state/marks";
import type { Rates } from "../state/rates";
import { type Order, ordered, type Row, Rows, unfolded } from "../state/tree";
import { type Side, useSurroundings } from "./context";
import { Gap, Words } from "./parts";
import { type Cursor, roleWord } from "./process_row";
import { Brief, Chain } from "./processes_chain";
import { HostProcesses } from "./processes_host";
import { Peek } from "./processes_peek";
import { Ties, Tree, unseen } from "./processes_tree";
import { useWindow } from "./window";

interface Props {
  snapshot: Snapshot;
  marks: Marks;
  rates: Rates;
  /** Host pid of the process whose terminal is in front. */
  shell: number | null;
  /** The container is stopped: these are the last it had. */
  over?: boolean;
  /** What is shown is now. */
  live?: boolean;
}

/** So many rows scroll in a box of their own. */
const MANY = 16;
/** Of so many only those in sight are drawn. */
const VERY_MANY = 80;
/** Height of what stands above the rows, px. */
const HEAD = 24;
const ORDERS: readonly Order[] = ["tree", "cpu", "memory", "newest"];
const NO_USAGE: Readonly<Record<string, Usage>> = {};

export const Processes = memo(Trees, (a, b) => {
  const [one, two] = [a.snapshot, b.snapshot];
  return (
    one.container.processes === two.container.processes &&
    one.host.processes === two.host.processes &&
    one.usage === two.usage &&
    a.rates === b.rates &&
    one.info.pid === two.info.pid &&
    one.gaps === two.gaps &&
    a.marks === b.marks &&
    a.shell === b.shell &&
    a.over === b.over &&
    a.live === b.live
  );
});

function Trees({ snapshot, marks, rates, shell, over = false, live = true }: Props) {
  const { container, host } = snapshot;
  const usage = snapshot.usage ?? NO_USAGE;
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState<Cursor | null>(null);
  const [order, setOrder] = useState<Order>("tree");
  const [peeked, setPeeked] = useState<Row | null>(null);
  const grid = useRef<HTMLDivElement>(null);
  const awaited = useRef<Cursor | null>(null); // to have the focus when it is drawn
  const { link, showMe, calls } = useSurroundings();

  const list = useMemo(() => new Rows(), []);
  const all = useMemo(
    () => list.of(container.processes, host.processes, marks.ended),
    [list, container.processes, host.processes, marks.ended],
  );
  const inTree = useMemo(() => unfolded(all, folded), [all, folded]);
  const inside = useMemo(() => all.reduce((sum, row) => (row.inside && !row.ended ? sum + 1 : sum), 0), [all]);
  const shown = order === "tree" ? inTree : ordered(all, order, { rates, usage });
  const hidden = useMemo(() => unseen(shown), [shown]);
  const windowed = shown.length > VERY_MANY;
  const drawn = useWindow(grid, shown.length, windowed, HEAD);
  const levels = (snapshot.info.pid != null && host.processes[snapshot.info.pid]?.ns_pids.length) || 2;

  const fold = useCallback((key: string, close: boolean): void => {
    setFolded((before) => {
      const next = new Set(before);
      if (close) next.add(key);
      else next.delete(key);
      return next;
    });
  }, []);

  const ask = useCallback(
    (side: Side, row: Row): void => {
      const process = side === "container" ? row.inside : row.host;
      if (!process || row.ended) return;
      const sides: Side[] = row.inside ? ["container", "host"] : ["host"];
      showMe({ panel: "processes", key: row.key, title: `PID ${process.pid} ${process.comm}`, side, sides });
    },
    [showMe],
  );

  const peek = useMemo(() => (calls === null ? null : (row: Row) => setPeeked(row)), [calls]);

  useLayoutEffect(() => {
    const wanted = awaited.current;
    if (!wanted) return;
    const row = grid.current?.querySelector<HTMLElement>(`[data-side="${wanted.side}"][data-key="${wanted.key}"]`);
    if (!row) return;
    awaited.current = null;
    row.focus();
  });

  // What is held from elsewhere on the page, such as an event's process, is brought into sight.
  const revealed = useCallback(() => {
    const thing = link.current.peek();
    const at = thing && kindOf(thing) === "process" ? shown.findIndex((row) => row.key === nameOf(thing)) : -1;
    if (at >= 0) drawn.show(at);
  }, [link, shown, drawn]);
  const reveal = useRef(revealed);
  reveal.current = revealed;
  useEffect(() => {
    const listen = (): void => reveal.current();
    const element = grid.current;
    element?.addEventListener("reveal", listen);
    return () => element?.removeEventListener("reveal", listen);
  }, []);

  const onKeyDown = (event: KeyboardEvent): void => {
    const element = (event.target as Element).closest<HTMLElement>("[role=row][data-key]");
    const here = element ? { side: element.dataset.side as Side, key: element.dataset.key } : cursor;
    if (!here || event.ctrlKey || event.altKey || event.metaKey) return;
    const { side } = here;
    const visible = shown.filter((row) => (side === "container" ? row.inside : row.host) !== null);
    const at = visible.findIndex((row) => row.key === here.key);
    const row = visible[at];
    if (!row) return;
    const go = (to: Row | undefined, on: Side = side): void => {
      if (!to) return;
      setCursor({ side: on, key: to.key });
      if (windowed) drawn.show(shown.indexOf(to));
      const there = grid.current?.querySelector<HTMLElement>(`[data-side="${on}"][data-key="${to.key}"]`);
      if (there) there.focus();
      else awaited.current = { side: on, key: to.key };
    };
    const closed = folded.has(row.key);
    const moves: Record<string, () => void> = {
      ArrowDown: () => go(visible[at + 1]),
      ArrowUp: () => go(visible[at - 1]),
      Home: () => go(visible[0]),
      End: () => go(visible.at(-1)),
      ArrowRight: () =>
        row.children > 0 && closed ? fold(row.key, false) : row.children > 0 ? go(visible[at + 1]) : undefined,
      ArrowLeft: () =>
        row.children > 0 && !closed ? fold(row.key, true) : go(visible.find((other) => other.key === row.parent)),
      Enter: () => (peek && row.inside && !row.ended && !over ? peek(row) : ask(side, row)),
      s: () => ask(side, row),
      // Across to the same process on the other side.
      t: () => (row.inside && row.host ? go(row, side === "container" ? "host" : "container") : undefined),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  };

  const reason = snapshot.gaps["container.processes"] ?? snapshot.gaps["host.processes"];
  if (over && inside === 0 && all.length === 0) return <p class="empty">{t("proc.none")}</p>;
  const inSight = shown.slice(drawn.from, drawn.to);
  const count = shown.length;
  const { from } = drawn;
  const parts = {
    inSight,
    count,
    from,
    marks,
    rates,
    usage,
    levels,
    shell,
    over,
    folded,
    cursor,
    fold,
    ask,
    peek,
    setCursor,
  };
  return (
    <div class="proc">
      <div class="proc-tools">
        <label>
          {t("task.sort")}{" "}
          <select value={order} onChange={(event) => setOrder(event.currentTarget.value as Order)}>
            {ORDERS.map((one) => (
              <option key={one} value={one}>
                {t(`task.sort_${one}`)}
              </option>
            ))}
          </select>
        </label>
      </div>
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the rows in it are what is interactive; one listener serves both trees */}
      <div
        class={`proc-grid${shown.length > MANY ? " long" : ""}${windowed ? " windowed" : ""}`}
        ref={grid}
        tabIndex={windowed ? -1 : undefined}
        onKeyDown={onKeyDown}
        onScroll={windowed ? drawn.onScroll : undefined}
      >
        <Tree side="container" {...parts} />
        <div class="proc-ties" aria-hidden="true">
          <Ties rows={inSight} from={drawn.from} />
          {hidden.map(([from, count]) => (
            <p key={from} class="proc-unseen" style={{ gridRow: `${from + 2} / span ${count}` }}>
              <span>{t("proc.unseen")}</span>
            </p>
          ))}
          {windowed && <i style={{ gridRow: shown.length + 1 }} />}
        </div>
        <Tree side="host" {...parts} />
      </div>
      {reason !== undefined && <Gap reason={reason} />}
      <Caption all={all} count={inside} snapshot={snapshot} />
      <Brief />
      <Chain snapshot={snapshot} />
      <HostProcesses snapshot={snapshot} />
      {peeked && <Peek row={peeked} live={live} ask={ask} onClose={() => setPeeked(null)} />}
    </div>
  );
}

/** Under the trees: what is lit, in a sentence; else what the picture shows. Its place is kept, so nothing jumps. */
function Caption({ all, count, snapshot }: { all: readonly Row[]; count: number; snapshot: Snapshot }) {
  const { link } = useSurroundings();
  const thing = link.current.value;
  const row = thing && kindOf(thing) === "process" ? all.find((one) => one.key === nameOf(thing)) : undefined;
  return (
    <p class="proc-caption note">
      {row?.inside && row.host ? (
        <Words
          text={t(row.inside.state === "Z" ? "proc.pair_zombie" : "proc.pair")}
          inside={
            <b class="world-container">
              <span class="world-label">PID {row.inside.pid}</span>
            </b>
          }
          outside={
            <b class="world-host">
              <span class="world-label">PID {row.host.pid}</span>
            </b>
          }
          command={<code>{row.inside.comm}</code>}
        />
      ) : row?.host ? (
        <>
          <Words
            text={t("proc.only_host")}
            outside={<b>PID {row.host.pid}</b>}
            command={<code>{row.host.comm}</code>}
          />{" "}
          {roleWord("host", row.host.role)}
        </>
      ) : (
        <Words text={tn("proc.summary", count)} first={<b>PID {snapshot.info.pid ?? "?"}</b>} />
      )}
    </p>
  );
}
