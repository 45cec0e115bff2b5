// biome-ignore-all lint/a11y/useSemanticElements: a treegrid has no HTML elements of its own, and a table cannot tie two trees in one grid
// biome-ignore-all lint/a11y/useFocusableInteractive: rows take the focus here, as the treegrid pattern allows; cells do not
/** One row of a process tree. */
import { memo } from "preact/compat";
import { bytes, exactBytes } from "../i18n/format";
import { t, tn } from "../i18n/index";
import type { Process, Usage } from "../protocol/generated";
import { commandLine, usec } from "../state/format";
import type { Sign } from "../state/marks";
import type { Row } from "../state/tree";
import type { Side } from "./context";
import { SignMark, useThing } from "./parts";

/** A row of one of the two trees, for the keyboard. */
export interface Cursor {
  side: Side;
  key: string;
}

interface LineProps {
  side: Side;
  row: Row;
  process: Process;
  line: number;
  level: number;
  /** Which of its siblings it is, and of how many; −1: too many to say it anew in each row when one is born. */
  at: number;
  of: number;
  /** How many numbers a process of the container has, the container's own the last. */
  levels: number;
  usage: Usage | undefined;
  /** Share of a core. */
  rate: number | undefined;
  open: boolean | undefined;
  sign: Sign | undefined;
  beat: number;
  over: boolean;
  mine: boolean;
  stop: boolean;
  fold(key: string, close: boolean): void;
  ask(side: Side, row: Row): void;
  /** Absent: there is nobody to ask. */
  peek: ((row: Row) => void) | null;
  setCursor(cursor: Cursor): void;
}

export const Line = memo(
  function Line(props: LineProps) {
    const { side, row, process, level, sign } = props;
    const peek = peekOf(props);
    return (
      <div
        role="row"
        class={`proc-row${process.state === "Z" ? " zombie" : ""}${row.ended ? " ended" : ""}${isOuter(props) ? " outer" : ""}`}
        style={{ "--line": props.line, "--depth": level - 1 }}
        {...useThing(`process:${row.key}`)}
        data-mark={sign}
        data-beat={sign === undefined ? undefined : String(props.beat % 2)}
        data-key={row.key}
        data-side={side}
        aria-level={level}
        aria-posinset={props.at}
        aria-setsize={props.of}
        aria-rowindex={props.line}
        aria-expanded={props.open}
        tabIndex={props.stop ? 0 : -1}
        onFocus={() => props.setCursor({ side, key: row.key })}
        onDblClick={() => (peek ? peek(row) : props.ask(side, row))}
      >
        <Cells {...props} />
      </div>
    );
  },
  (a, b) =>
    a.process === b.process &&
    a.line === b.line &&
    a.level === b.level &&
    a.open === b.open &&
    a.sign === b.sign &&
    (a.sign === undefined || a.beat === b.beat) &&
    a.mine === b.mine &&
    a.over === b.over &&
    a.stop === b.stop &&
    a.row.ended === b.row.ended &&
    a.row.parent === b.row.parent &&
    a.at === b.at &&
    a.of === b.of &&
    a.levels === b.levels &&
    a.usage === b.usage &&
    a.rate === b.rate &&
    a.peek === b.peek &&
    a.ask === b.ask,
);

// What stands above the container on the host only leads to it: a line each.
const isOuter = ({ side, row }: LineProps): boolean => side === "host" && row.inside === null && !row.ended;

const peekOf = ({ row, over, peek }: LineProps) => (row.inside && !row.ended && !over ? peek : null);

/** What stands in the row: the same while it only moves, as all rows do below one that is taken away. */
const Cells = memo(
  function Cells(props: LineProps) {
    const { side, row, process, open, sign, mine } = props;
    const command = commandLine(process.cmdline, process.comm);
    const short = commandLine(process.cmdline, process.comm, true);
    const role = row.ended ? null : roleWord(side, process.role);
    const brief = isOuter(props) ? briefRole(process.role) : null;
    const further = process.ns_pids.length > props.levels && row.inside ? process.ns_pids.slice(props.levels) : [];
    const peek = peekOf(props);
    return (
      <>
        <span role="gridcell" class="proc-pid num mono">
          <SignMark sign={sign} />
          <b>{process.pid}</b>
        </span>
        <span role="gridcell" class="proc-user">
          <User side={side} uid={process.uid ?? null} />
        </span>
        <span role="gridcell" class="proc-state">
          <StateWord state={process.state} ended={row.ended || props.over} />
        </span>
        {side === "container" && <Figures process={process} usage={props.usage} rate={props.rate} />}
        <span role="gridcell" class="proc-command">
          {open !== undefined && (
            <button
              type="button"
              class="twist"
              tabIndex={-1}
              aria-label={t(open ? "proc.fold" : "proc.unfold")}
              onClick={(event) => {
                event.stopPropagation();
                props.fold(row.key, open);
              }}
            >
              <svg class="chevron" data-open={open ? "true" : undefined} viewBox="0 0 12 12" aria-hidden="true">
                <path d="M4 2.5 8 6 4 9.5" />
              </svg>
            </button>
          )}
          <code title={command}>{brief === null ? short : <Lead line={short} />}</code>
          {mine && <span class="badge mine">{t("proc.your_shell")}</span>}
          {further.length > 0 && (
            <span class="badge num" title={t("task.levels", { numbers: further.join(" › ") })}>
              {t("task.levels_short", { numbers: further.join(" › ") })}
            </span>
          )}
        </span>
        <span role="gridcell" class="proc-role">
          {brief !== null && (
            <span aria-hidden="true" title={role ?? undefined}>
              {brief}
            </span>
          )}
          {role !== null && <span class={brief === null ? undefined : "sr-only"}>{role}</span>}
        </span>
        <span role="gridcell" class="proc-ask">
          {peek && (
            <button
              type="button"
              class="mini"
              tabIndex={-1}
              aria-haspopup="dialog"
              onClick={(event) => {
                event.stopPropagation();
                peek(row);
              }}
            >
              {t("task.details")}
            </button>
          )}
          {!row.ended && !props.over && (
            <button
              type="button"
              class="mini"
              tabIndex={-1}
              onClick={(event) => {
                event.stopPropagation();
                props.ask(side, row);
              }}
            >
              {t("ask.label")}
            </button>
          )}
        </span>
      </>
    );
  },
  (a, b) =>
    a.process === b.process &&
    a.row.host === b.row.host &&
    a.row.inside === b.row.inside &&
    a.row.ended === b.row.ended &&
    a.open === b.open &&
    a.sign === b.sign &&
    a.mine === b.mine &&
    a.over === b.over &&
    a.levels === b.levels &&
    a.usage === b.usage &&
    a.rate === b.rate &&
    a.peek === b.peek &&
    a.ask === b.ask,
);

/** What it uses. Columns where there is room, else words below the command. */
function Figures({ process, usage, rate }: { process: Process; usage: Usage | undefined; rate: number | undefined }) {
  const threads = process.threads ?? null;
  return (
    <span role="none" class="proc-figures num">
      <span role="gridcell" title={usage && t("task.cpu_title", { total: usec(usage.cpu_usec) })}>
        {usage && share(rate ?? 0)}
      </span>
      <span role="gridcell" title={usage && t("task.memory_title", { exact: exactBytes(usage.rss_bytes) })}>
        {usage && usage.rss_bytes > 0 ? bytes(usage.rss_bytes) : ""}
      </span>
      <span role="gridcell" class="proc-threads" data-many={threads !== null && threads > 1 ? "true" : undefined}>
        {threads !== null && threads > 0 && <span title={tn("task.threads", threads)}>{threads}</span>}
      </span>
    </span>
  );
}

/** `3 %` of a core; a tenth where it is less than ten. */
export function share(rate: number): string {
  const percent = rate * 100;
  return `${percent > 0 && percent < 9.95 ? percent.toFixed(1) : Math.round(percent)} %`;
}

/** A long way to a short name: what leads to it is left out where there is no room. */
function Lead({ line }: { line: string }) {
  const at = Math.max(line.lastIndexOf("."), line.lastIndexOf("/")) + 1;
  return (
    <>
      <span class="proc-lead">{line.slice(0, at)}</span>
      {line.slice(at)}
    </>
  );
}

function User({ side, uid }: { side: Side; uid: number | null }) {
  if (uid === null) return <span title={t("proc.uid_unknown")}>?</span>;
  if (uid === 0) return <span title="uid 0">root</span>;
  return (
    <span class="num" title={side === "host" ? t("proc.uid_mapped") : undefined}>
      uid {uid}
    </span>
  );
}

const STATES = {
  R: "proc.state_R",
  S: "proc.state_S",
  D: "proc.state_D",
  T: "proc.state_T",
  t: "proc.state_t",
  Z: "proc.state_Z",
  X: "proc.state_X",
  I: "proc.state_I",
} as const;

function StateWord({ state, ended }: { state: string; ended: boolean }) {
  if (ended) return <span>{t("proc.ended")}</span>;
  const key = STATES[state as keyof typeof STATES];
  return (
    <span title={state === "Z" ? t("proc.zombie_title") : undefined}>
      <code>{state}</code> {key ? t(key) : ""}
    </span>
  );
}

function briefRole(role: string): string | null {
  if (role === "keeper") return t("proc.brief_keeper");
  if (role === "worker") return t("proc.brief_worker");
  if (role === "host-init") return t("proc.brief_host_init");
  return null;
}

export function roleWord(side: Side, role: string): string | null {
  if (role === "keeper") return t("proc.role_keeper");
  if (role === "worker") return t("proc.role_worker");
  if (role === "host-init") return t("proc.role_host_init");
  if (role === "init" && side === "host") return t("proc.role_init_host");
  if (role === "init") return t("proc.role_init");
  if (role === "exec") return t("proc.role_exec");
  return null;
}
