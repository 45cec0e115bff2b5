// biome-ignore-all lint/a11y/useSemanticElements: a treegrid has no HTML elements of its own, and a table cannot tie two trees in one grid
// biome-ignore-all lint/a11y/useFocusableInteractive: rows take the focus here, as the treegrid pattern allows; cells do not
/** One side's tree of the processes panel, its rows drawn only as far as they are in sight, and what joins the two. */
import { memo } from "preact/compat";
import { t } from "../i18n/index";
import type { Usage } from "../protocol/generated";
import type { Marks } from "../state/marks";
import type { Rates } from "../state/rates";
import type { Row } from "../state/tree";
import type { Side } from "./context";
import { useThing, World } from "./parts";
import { type Cursor, Line } from "./process_row";

interface TreeProps {
  side: Side;
  /** Those drawn, the first of them at `from` of `count`. */
  inSight: readonly Row[];
  from: number;
  count: number;
  marks: Marks;
  rates: Rates;
  usage: Readonly<Record<string, Usage>>;
  levels: number;
  shell: number | null;
  over: boolean;
  folded: ReadonlySet<string>;
  cursor: Cursor | null;
  fold(key: string, close: boolean): void;
  ask(side: Side, row: Row): void;
  peek: ((row: Row) => void) | null;
  setCursor(cursor: Cursor): void;
}

export function Tree(props: TreeProps) {
  const { side, count } = props;
  return (
    <div
      class={`proc-side world-${side}`}
      role="treegrid"
      aria-rowcount={count + 1}
      aria-label={t(side === "container" ? "proc.tree_container" : "proc.tree_host")}
    >
      <Head side={side} />
      <Lines {...props} />
    </div>
  );
}

const Head = memo(function Head({ side }: { side: Side }) {
  return (
    <div class="proc-head" role="row" aria-rowindex={1}>
      <span role="columnheader" class="proc-pid">
        PID
      </span>
      <span role="columnheader" class="proc-user">
        {t("proc.user")}
      </span>
      <span role="columnheader" class="proc-state">
        {t("proc.state")}
      </span>
      {side === "container" && (
        <span role="none" class="proc-figures">
          <span role="columnheader">{t("task.cpu")}</span>
          <span role="columnheader">{t("task.memory")}</span>
          <span role="columnheader" class="proc-threads">
            {t("task.threads")}
          </span>
        </span>
      )}
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
  );
});

/** A process born out of sight is no reason to look at those in sight. */
const Lines = memo(function Lines(props: TreeProps) {
  const { side, inSight, from, marks, rates, usage, levels, shell, over, folded, cursor, fold, ask, peek } = props;
  const visible = inSight.filter((row) => (side === "container" ? row.inside : row.host) !== null);
  const stop = cursor?.side === side && visible.some((row) => row.key === cursor.key) ? cursor.key : visible[0]?.key;
  return (
    <>
      {inSight.map((row, index) => {
        const process = side === "container" ? row.inside : row.host;
        if (!process) return null;
        return (
          <Line
            key={row.key}
            side={side}
            row={row}
            process={process}
            line={from + index + 2}
            level={side === "container" ? row.insideLevel : row.hostLevel}
            at={side === "container" ? row.insideAt : row.hostAt}
            of={side === "container" ? row.insideOf : row.hostOf}
            levels={levels}
            usage={side === "container" ? usage[row.key] : undefined}
            rate={side === "container" ? rates.get(row.key) : undefined}
            open={row.children > 0 ? !folded.has(row.key) : undefined}
            sign={row.ended ? "−" : marks.signs.get(row.key)}
            beat={marks.beat}
            over={over && row.inside !== null}
            mine={Number(row.key) === shell}
            stop={row.key === stop}
            fold={fold}
            ask={ask}
            peek={peek}
            setCursor={props.setCursor}
          />
        );
      })}
    </>
  );
}, sameLines);

function sameLines(a: TreeProps, b: TreeProps): boolean {
  return (
    a.from === b.from &&
    sameRows(a.inSight, b.inSight) &&
    a.levels === b.levels &&
    a.shell === b.shell &&
    a.over === b.over &&
    a.folded === b.folded &&
    a.cursor === b.cursor &&
    a.ask === b.ask &&
    a.peek === b.peek &&
    b.inSight.every(({ key, ended }) => {
      const sign = b.marks.signs.get(key);
      return (
        a.marks.signs.get(key) === sign &&
        ((sign === undefined && !ended) || a.marks.beat === b.marks.beat) &&
        (b.side === "host" || (a.usage[key] === b.usage[key] && a.rates.get(key) === b.rates.get(key)))
      );
    })
  );
}

const sameRows = (a: readonly Row[], b: readonly Row[]): boolean =>
  a.length === b.length && a.every((row, index) => row === b[index]);

export const Ties = memo(
  function Ties({ rows, from }: { rows: readonly Row[]; from: number }) {
    return <>{rows.map((row, index) => row.inside && <Tie key={row.key} name={row.key} line={from + index + 2} />)}</>;
  },
  (a, b) => a.from === b.from && sameRows(a.rows, b.rows),
);

/** What joins the two. */
const Tie = memo(function Tie({ name, line }: { name: string; line: number }) {
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
});

/** Runs of rows the container cannot see: first index and length. */
export function unseen(shown: readonly Row[]): [number, number][] {
  const runs: [number, number][] = [];
  let last: [number, number] | null = null;
  let index = -1;
  for (const row of shown) {
    index += 1;
    if (row.inside) last = null;
    else if (last !== null) last[1] += 1;
    else {
      last = [index, 1];
      runs.push(last);
    }
  }
  return runs;
}
