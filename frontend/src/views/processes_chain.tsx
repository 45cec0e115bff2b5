/** Where the container hangs in the host's tree, and who lived too briefly to be seen in it. */
import { memo } from "preact/compat";
import { type Key, t, tn } from "../i18n/index";
import type { Event, Process, Snapshot } from "../protocol/generated";
import { commandLine, printable } from "../state/format";
import { brief } from "../state/happenings";
import { sizeOf } from "../state/tree";
import { useSurroundings } from "./context";
import { lifetime } from "./events_words";
import { useThing } from "./parts";
import { useParts } from "./use_parts";

/** How far back, seconds, and how many are named. */
const BACK = 60;
const NAMED = 3;

/** Processes no sample saw, in a line. */
export function Brief() {
  const { store } = useSurroundings();
  const found = useParts(() => {
    if (!store) return [];
    const until = store.cursor.value?.at ?? store.edge.value;
    return brief(store.happenings.value, until, BACK);
  });
  if (found.length === 0) return null;
  const known = found.filter((event) => event.comm != null);
  const named = known.slice(-NAMED).reverse();
  const more = known.length - named.length;
  const nameless = found.length - known.length;
  const rest = [
    more > 0 ? tn("task.brief_more", more) : "",
    nameless > 0 ? tn(known.length > 0 ? "task.brief_nameless" : "task.brief_all_nameless", nameless) : "",
  ].filter((words) => words !== "");
  return (
    <p class="proc-brief note">
      <b>{t("task.brief")}</b>{" "}
      {named.map((event, index) => (
        <span key={event.seq}>
          {index > 0 && " · "}
          {briefly(event)}
        </span>
      ))}
      {rest.map((words, index) => (
        <span key={words}>
          {(index > 0 || named.length > 0) && " · "}
          {words}
        </span>
      ))}
    </p>
  );
}

/** What is not known is left out. */
function briefly(event: Event): string {
  const { comm, pid, ns_pid, seconds } = event;
  const who = { command: printable(comm ?? ""), inner: ns_pid ?? "", outer: pid ?? "" };
  const words = t(ns_pid == null ? "task.brief_outside" : "task.brief_one", who);
  return seconds == null ? words : t("task.brief_lived", { who: words, time: lifetime(seconds) });
}

/** From the host's first process down to the container's, each with what it is there for. */
export const Chain = memo(
  function Chain({ snapshot }: { snapshot: Snapshot }) {
    const above = ancestors(snapshot);
    const init = above.pop();
    const inside = init && snapshot.container.processes[init.pid];
    if (!init || !inside) return null;
    const worker = Object.values(snapshot.host.processes).find((one) => one.role === "worker");
    return (
      <details class="panel-more chain">
        <summary>{t("chain.title")}</summary>
        <ol>
          {above.length > 0 && (above[0]?.ppid ?? 0) !== 0 && <li class="chain-gone">{t("chain.unknown")}</li>}
          {above.map((process) => (
            <Link key={process.pid} process={process} words={t(wordsFor(process))} />
          ))}
          {worker && <Link process={worker} words={t("chain.worker")} beside />}
          <li class="chain-gone">
            <span class="chain-name">
              <s>
                <code>runc</code>
              </s>
            </span>
            <span>{t("chain.runc")}</span>
          </li>
          <Link
            process={init}
            label={t("chain.init_is", { outer: init.pid, inner: inside.pid })}
            words={t("chain.init")}
            within
          />
        </ol>
      </details>
    );
  },
  (a, b) => sameAbove(a.snapshot, b.snapshot),
);

/** Those above the container, and how many are outside it: a fork within it is no reason to look through all of them. */
function sameAbove(one: Snapshot, two: Snapshot): boolean {
  if (one.host.processes === two.host.processes) return one.info.pid === two.info.pid;
  const [before, after] = [ancestors(one), ancestors(two)];
  return (
    before.length === after.length &&
    before.every((process, index) => process === after[index]) &&
    outside(one) === outside(two)
  );
}

const outside = ({ host, container }: Snapshot): number => sizeOf(host.processes) - sizeOf(container.processes);

interface LinkProps {
  process: Process;
  words: string;
  label?: string;
  beside?: boolean;
  within?: boolean;
}

function Link({ process, words, label, beside = false, within = false }: LinkProps) {
  const side = within ? "world-container" : "world-host";
  return (
    <li class={`${side}${beside ? " beside" : ""}`} {...useThing(`process:${process.pid}`)}>
      <span class="chain-name">
        <code>{name(process)}</code> <span class="num muted">{label ?? `PID ${process.pid}`}</span>
      </span>
      <span>{words}</span>
    </li>
  );
}

/** As the tree calls it. */
function name({ role, cmdline, comm }: Process): string {
  const line = commandLine(role === "keeper" || role === "worker" ? cmdline : cmdline.slice(0, 1), comm, true);
  return line.slice(line.lastIndexOf(".") + 1);
}

/** Top first; the container's own PID 1 last. */
function ancestors({ info, host }: Snapshot): Process[] {
  const found: Process[] = [];
  const seen = new Set<number>();
  let pid = info.pid ?? 0;
  while (!seen.has(pid)) {
    const process = host.processes[pid];
    if (!process) break;
    seen.add(pid);
    found.unshift(process);
    pid = process.ppid;
  }
  return found;
}

const SHELLS = new Set(["sh", "bash", "dash", "zsh", "fish", "ash", "ksh"]);

function wordsFor({ role, pid, comm }: Process): Key {
  if (role === "keeper") return "chain.keeper";
  if (pid === 1 || role === "host-init") return comm === "systemd" ? "chain.systemd" : "chain.host_init";
  if (SHELLS.has(comm)) return "chain.shell";
  return comm.startsWith("sshd") ? "chain.sshd" : "chain.between";
}
