/** One process under several numbers: which line of /proc/PID/status says what. */
import { t } from "../../i18n/index";
import { teach } from "./registry";

const FIGURES = {
  state: { words: "teach.proc_state", line: /^State:/ },
  user: { words: "teach.proc_user", line: /^(?:Uid|Gid):/ },
  threads: { words: "teach.proc_threads", line: /^Threads:/ },
  parent: { words: "teach.proc_parent", line: /^PPid:/ },
  memory: { words: "teach.proc_memory", line: /^VmRSS:/ },
  cpu: { words: "teach.proc_cpu", line: /.*/ },
} as const;

teach("processes", ({ key, figure }, snapshot) => {
  const known = figure !== undefined && Object.hasOwn(FIGURES, figure) ? FIGURES[figure as keyof typeof FIGURES] : null;
  if (known !== null) return { words: t(known.words), line: figure === "cpu" ? undefined : known.line };
  const inner = snapshot?.container.processes[key];
  const outer = snapshot?.host.processes[key];
  const line = /^NSpid:/;
  if (inner && outer) {
    return {
      words: t("teach.proc_pair", { inside: inner.pid, outside: outer.pid, levels: outer.ns_pids.length }),
      line,
    };
  }
  return { words: t("teach.proc_outside"), line };
});
