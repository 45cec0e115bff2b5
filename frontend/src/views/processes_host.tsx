// biome-ignore-all lint/a11y/useSemanticElements: rows of one height in a scrolling box, of which only those in sight are drawn, are a grid and no table
// biome-ignore-all lint/a11y/useFocusableInteractive: it is read, not walked through; the box scrolls by keyboard
/** All processes of the host, for those who may see them; for the others why not, and the totals. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { bytes, number } from "../i18n/format";
import { t, tn } from "../i18n/index";
import type { HostView, Process, Snapshot } from "../protocol/generated";
import { commandLine } from "../state/format";
import { type Calls, useSurroundings } from "./context";
import { useThing } from "./parts";
import { share } from "./process_row";
import { useWindow } from "./window";

const EVERY_MS = 2000;
const HEAD = 26;

export function HostProcesses({ snapshot }: { snapshot: Snapshot }) {
  const { calls } = useSurroundings();
  const [open, setOpen] = useState(false);
  if (calls === null) return null;
  return (
    <details class="panel-more hosts" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("hosts.title")}</summary>
      {open && <Host calls={calls} ours={snapshot.container.processes} />}
    </details>
  );
}

interface Look {
  view: HostView;
  /** This machine's clock, ms. */
  at: number;
  rates: ReadonlyMap<string, number>;
}

function Host({ calls, ours }: { calls: Calls; ours: Snapshot["container"]["processes"] }) {
  const { seesHost } = useSurroundings();
  const [all, setAll] = useState(false);
  const [look, setLook] = useState<Look | null>(null);
  const [failed, setFailed] = useState<string | null>(null);

  useEffect(() => {
    let over = false;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const read = async (): Promise<void> => {
      try {
        if (!document.hidden) {
          const view = await calls.host();
          if (over) return;
          setLook((before) => ({ view, at: performance.now(), rates: between(before, view, performance.now()) }));
          setFailed(null);
        }
      } catch (error) {
        if (over) return;
        setFailed(error instanceof Error ? error.message : String(error));
      }
      if (all && !over) timer = setTimeout(() => void read(), EVERY_MS);
    };
    void read();
    return () => {
      over = true;
      clearTimeout(timer);
    };
  }, [calls, all]);

  return (
    <>
      {failed !== null && (
        <p class="gap" role="alert">
          {t("hosts.failed", { message: failed })}
        </p>
      )}
      {look === null ? failed === null && <p class="note">{t("hosts.loading")}</p> : <Totals view={look.view} />}
      {seesHost ? (
        <label class="hosts-switch">
          <input type="checkbox" checked={all} onChange={(event) => setAll(event.currentTarget.checked)} />{" "}
          {t("hosts.show")}
        </label>
      ) : (
        <p class="note">{t("hosts.refused")}</p>
      )}
      {all && look && <Table look={look} ours={ours} />}
    </>
  );
}

function between(before: Look | null, view: HostView, at: number): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  if (!before) return found;
  const seconds = (at - before.at) / 1000;
  for (const [key, { cpu_usec }] of Object.entries(view.usage)) {
    const was = before.view.usage[key];
    const same = before.view.processes[key]?.starttime === view.processes[key]?.starttime;
    if (was && same && cpu_usec > was.cpu_usec) found.set(key, (cpu_usec - was.cpu_usec) / 1e6 / seconds);
  }
  return found;
}

function Totals({ view: { totals } }: { view: HostView }) {
  const kinds = Object.entries(totals.namespaces).map(([kind, count]) => `${kind} ${number(count)}`);
  return (
    <p class="note num">
      {t("hosts.totals", {
        processes: number(totals.processes),
        threads: number(totals.threads),
        containers: number(totals.containers),
        mounts: number(totals.mounts),
        namespaces: kinds.join(", "),
      })}
    </p>
  );
}

function Table({ look, ours }: { look: Look; ours: Snapshot["container"]["processes"] }) {
  const [wanted, setWanted] = useState("");
  const box = useRef<HTMLDivElement>(null);
  const { processes, usage, complete } = look.view;
  const found = useMemo(() => {
    const words = wanted.trim().toLowerCase();
    const list = Object.values(processes);
    const fits = ({ pid, comm, cmdline }: Process): boolean =>
      words === "" || String(pid) === words || `${comm} ${cmdline.join(" ")}`.toLowerCase().includes(words);
    return list.filter(fits).sort((a, b) => a.pid - b.pid);
  }, [processes, wanted]);
  const drawn = useWindow(box, found.length, true, HEAD);
  return (
    <div class="hosts-all">
      <p class="hosts-find">
        <label>
          {t("hosts.filter")}{" "}
          <input type="search" value={wanted} onInput={(event) => setWanted(event.currentTarget.value)} />
        </label>{" "}
        <span class="muted num">{tn("hosts.count", found.length)}</span>
        {!complete && <span class="muted"> {t("hosts.only_some")}</span>}
      </p>
      <div
        class="hosts-table world-host"
        role="table"
        aria-label={t("hosts.table")}
        aria-rowcount={found.length + 1}
        ref={box}
        // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls can be scrolled by keyboard
        tabIndex={0}
        onScroll={drawn.onScroll}
      >
        <div role="row" class="hosts-head" aria-rowindex={1}>
          {["PID", t("hosts.parent"), t("proc.user"), t("task.cpu"), t("task.memory"), t("proc.command")].map(
            (head) => (
              <span role="columnheader" key={head}>
                {head}
              </span>
            ),
          )}
        </div>
        {found.slice(drawn.from, drawn.to).map((process, index) => (
          <HostRow
            key={process.pid}
            process={process}
            line={drawn.from + index + 2}
            rss={usage[process.pid]?.rss_bytes ?? null}
            rate={look.rates.get(String(process.pid)) ?? (usage[process.pid] ? 0 : null)}
            mine={process.pid in ours}
          />
        ))}
        <i style={{ gridRow: found.length + 1 }} />
      </div>
    </div>
  );
}

interface RowProps {
  process: Process;
  line: number;
  rss: number | null;
  rate: number | null;
  mine: boolean;
}

function HostRow({ process, line, rss, rate, mine }: RowProps) {
  return (
    <div
      role="row"
      class="hosts-row"
      style={{ gridRow: line }}
      aria-rowindex={line}
      {...useThing(`process:${process.pid}`)}
    >
      <span role="cell" class="num mono">
        {process.pid}
      </span>
      <span role="cell" class="num mono muted">
        {process.ppid}
      </span>
      <span role="cell" class="num">
        {process.uid === 0 ? "root" : (process.uid ?? "?")}
      </span>
      <span role="cell" class="num">
        {rate === null ? "" : share(rate)}
      </span>
      <span role="cell" class="num">
        {rss === null || rss === 0 ? "" : bytes(rss)}
      </span>
      <span role="cell" class="hosts-command">
        <code title={commandLine(process.cmdline, process.comm)}>
          {commandLine(process.cmdline, process.comm, true)}
        </code>
        {mine && <span class="badge mine world-container">{t("hosts.ours")}</span>}
      </span>
    </div>
  );
}
