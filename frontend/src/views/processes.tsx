// biome-ignore-all lint/a11y/useSemanticElements: a treegrid has no HTML elements of its own, and a table cannot tie two trees in one grid
// biome-ignore-all lint/a11y/useFocusableInteractive: rows take the focus here, as the treegrid pattern allows; cells do not
/** The process tree seen twice: what the container counts from 1 are ordinary processes of the host. */
import { memo } from "preact/compat";
import { useCallback, useMemo, useRef, useState } from "preact/hooks";
import { t, tn } from "../i18n/index";
import type { Snapshot } from "../protocol/generated";
import { kindOf, nameOf } from "../state/link";
import type { Marks } from "../state/marks";
import { type Row, rows, unfolded } from "../state/tree";
import { type Side, useSurroundings } from "./context";
import { Gap, useThing, Words, World } from "./parts";
import { type Cursor, Line, type Position, roleWord } from "./process_row";

interface Props {
  snapshot: Snapshot;
  marks: Marks;
  /** Host pid of the process whose terminal is in front. */
  shell: number | null;
  /** The container is stopped: these are the last it had. */
  over?: boolean;
}

/** So many rows scroll in a box of their own. */
const MANY = 16;

export const Processes = memo(Trees, (a, b) => {
  const [one, two] = [a.snapshot, b.snapshot];
  return (
    one.container.processes === two.container.processes &&
    one.host.processes === two.host.processes &&
    one.info.pid === two.info.pid &&
    one.gaps === two.gaps &&
    a.marks === b.marks &&
    a.shell === b.shell &&
    a.over === b.over
  );
});

function Trees({ snapshot, marks, shell, over = false }: Props) {
  const { container, host } = snapshot;
  const [folded, setFolded] = useState<ReadonlySet<string>>(new Set());
  const [cursor, setCursor] = useState<Cursor | null>(null);
  const grid = useRef<HTMLDivElement>(null);
  const { showMe } = useSurroundings();

  const all = useMemo(
    () => rows(container.processes, host.processes, marks.ended),
    [container.processes, host.processes, marks.ended],
  );
  const shown = useMemo(() => unfolded(all, folded), [all, folded]);
  const positions = useMemo(() => ({ container: siblings(all, "container"), host: siblings(all, "host") }), [all]);

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

  const onKeyDown = (event: KeyboardEvent): void => {
    const element = (event.target as Element).closest<HTMLElement>("[role=row][data-key]");
    if (!element || event.ctrlKey || event.altKey || event.metaKey) return;
    const side = element.dataset.side as Side;
    const visible = shown.filter((row) => (side === "container" ? row.inside : row.host) !== null);
    const at = visible.findIndex((row) => row.key === element.dataset.key);
    const row = visible[at];
    if (!row) return;
    const go = (to: Row | undefined, on: Side = side): void => {
      if (!to) return;
      setCursor({ side: on, key: to.key });
      grid.current?.querySelector<HTMLElement>(`[data-side="${on}"][data-key="${to.key}"]`)?.focus();
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
      Enter: () => ask(side, row),
      // Across to the same process on the other side.
      t: () => (row.inside && row.host ? go(row, side === "container" ? "host" : "container") : undefined),
    };
    const move = moves[event.key];
    if (!move) return;
    event.preventDefault();
    move();
  };

  const reason = snapshot.gaps["container.processes"] ?? snapshot.gaps["host.processes"];
  const inside = all.filter((row) => row.inside && !row.ended).length;
  if (over && inside === 0 && all.length === 0) return <p class="empty">{t("proc.none")}</p>;
  return (
    <div class="proc">
      {/* biome-ignore lint/a11y/noStaticElementInteractions: the rows in it are what is interactive; one listener serves both trees */}
      <div class={`proc-grid${shown.length > MANY ? " long" : ""}`} ref={grid} onKeyDown={onKeyDown}>
        <Tree side="container" {...{ shown, marks, shell, over, folded, cursor, positions, fold, ask, setCursor }} />
        <div class="proc-ties" aria-hidden="true">
          {shown.map((row, index) => row.inside && <Tie key={row.key} name={row.key} line={index + 2} />)}
          {unseen(shown).map(([from, count]) => (
            <p key={from} class="proc-unseen" style={{ gridRow: `${from + 2} / span ${count}` }}>
              <span>{t("proc.unseen")}</span>
            </p>
          ))}
        </div>
        <Tree side="host" {...{ shown, marks, shell, over, folded, cursor, positions, fold, ask, setCursor }} />
      </div>
      {reason !== undefined && <Gap reason={reason} />}
      <Caption all={all} count={inside} snapshot={snapshot} />
    </div>
  );
}

interface TreeProps {
  side: Side;
  shown: readonly Row[];
  marks: Marks;
  shell: number | null;
  over: boolean;
  folded: ReadonlySet<string>;
  cursor: Cursor | null;
  positions: Record<Side, ReadonlyMap<string, Position>>;
  fold(key: string, close: boolean): void;
  ask(side: Side, row: Row): void;
  setCursor(cursor: Cursor): void;
}

function Tree({ side, shown, marks, shell, over, folded, cursor, positions, fold, ask, setCursor }: TreeProps) {
  const visible = shown.filter((row) => (side === "container" ? row.inside : row.host) !== null);
  const stop = cursor?.side === side && visible.some((row) => row.key === cursor.key) ? cursor.key : visible[0]?.key;
  return (
    <div
      class={`proc-side world-${side}`}
      role="treegrid"
      aria-label={t(side === "container" ? "proc.tree_container" : "proc.tree_host")}
    >
      <div class="proc-head" role="row">
        <span role="columnheader" class="proc-pid">
          PID
        </span>
        <span role="columnheader" class="proc-user">
          {t("proc.user")}
        </span>
        <span role="columnheader" class="proc-state">
          {t("proc.state")}
        </span>
        <span role="columnheader" class="proc-command">
          <World side={side} />
          <span class="proc-word">{t("proc.command")}</span>
        </span>
        <span role="columnheader" class="sr-only">
          {t("proc.role")}
        </span>
        <span role="columnheader" class="sr-only">
          {t("ask.column")}
        </span>
      </div>
      {shown.map((row, index) => {
        const process = side === "container" ? row.inside : row.host;
        if (!process) return null;
        return (
          <Line
            key={row.key}
            side={side}
            row={row}
            process={process}
            line={index + 2}
            level={side === "container" ? row.insideLevel : row.hostLevel}
            position={positions[side].get(row.key)}
            open={row.children > 0 ? !folded.has(row.key) : undefined}
            sign={marks.signs.get(row.key)}
            beat={marks.beat}
            over={over && row.inside !== null}
            mine={Number(row.key) === shell}
            stop={row.key === stop}
            fold={fold}
            ask={ask}
            setCursor={setCursor}
          />
        );
      })}
    </div>
  );
}

/** What joins the two. */
function Tie({ name, line }: { name: string; line: number }) {
  return (
    <svg
      aria-hidden="true"
      class="proc-tie"
      style={{ "--line": line }}
      viewBox="0 0 24 8"
      preserveAspectRatio="none"
      {...useThing(`process:${name}`)}
    >
      <line class="inside" x1="0" y1="4" x2="12" y2="4" />
      <line class="outside" x1="12" y1="4" x2="24" y2="4" />
    </svg>
  );
}

/** Runs of rows the container cannot see: first index and length. */
function unseen(shown: readonly Row[]): [number, number][] {
  const runs: [number, number][] = [];
  shown.forEach((row, index) => {
    const last = runs.at(-1);
    if (row.inside) return;
    if (last && last[0] + last[1] === index) last[1] += 1;
    else runs.push([index, 1]);
  });
  return runs;
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

function siblings(all: readonly Row[], side: Side): Map<string, Position> {
  const groups = new Map<string, Row[]>();
  const seen = new Set(all.flatMap((row) => ((side === "container" ? row.inside : row.host) ? [row.key] : [])));
  for (const row of all) {
    if (!seen.has(row.key)) continue;
    const parent = row.parent !== null && seen.has(row.parent) ? row.parent : "";
    groups.set(parent, [...(groups.get(parent) ?? []), row]);
  }
  const result = new Map<string, Position>();
  for (const group of groups.values()) {
    for (const [index, row] of group.entries()) result.set(row.key, { at: index + 1, of: group.length });
  }
  return result;
}
