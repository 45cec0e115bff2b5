/** What each figure of the control group says, with its own value where there is one. */
import { bytes, number } from "../../i18n/format";
import { type Key, t } from "../../i18n/index";
import type { Cgroup, Snapshot } from "../../protocol/generated";
import { type Counter, type Form, formOf, formulas, used, within } from "../../state/accounting";
import { ordinal, usec } from "../../state/format";
import { FIGURES, type Figure, type FigureName, fileOf } from "../cgroup/names";
import { type Lesson, teach } from "./registry";

/** The figure that a file is asked for where the question does not say. */
const BY_FILE: Readonly<Record<string, FigureName>> = Object.fromEntries(
  (Object.keys(FIGURES) as FigureName[])
    .reverse() // of several figures in one file the first named is the file's
    .flatMap((name) => {
      const { v1, v2 }: Figure = FIGURES[name];
      return [v1, v2].flatMap((one) => (one === null ? [] : one.split(", ").map((file) => [fileOf(file), name])));
    }),
);

/** Files of the machine, and kinds of memory that have no row among the figures. */
const OTHERS: Readonly<Record<string, readonly [Key, RegExp?]>> = {
  meminfo: ["teach.meminfo", /^Mem(?:Total|Available):/],
  vmstat: ["teach.vmstat", /^oom_kill /],
  online: ["teach.online"],
  loadavg: ["teach.loadavg"],
  pid_max: ["teach.pid_max"],
  "memory.stat": ["teach.memory_stat"],
  "cpu.stat": ["teach.cpu_stat"],
  slab: ["teach.slab", /^slab /],
  sock: ["teach.sock", /^sock /],
  file_other: ["teach.file_other", /^(?:total_cache|file) /],
  "memory.memsw.limit_in_bytes": ["teach.memsw"],
  "memory.swappiness": ["teach.swappiness"],
  "cpuacct.stat": ["teach.cpuacct_stat"],
  "cgroup.events": ["teach.cgroup_events", /^frozen /],
};

teach("cgroup", ({ key, figure }, snapshot) => {
  const file = key.slice(key.indexOf("/") + 1);
  if (figure?.startsWith("used_")) return answer(figure.slice(5) as Counter, snapshot);
  const other = OTHERS[figure ?? file];
  if (other) {
    // The machine's memory in use is worked out; of the others the file has what is shown.
    const formula = file === "meminfo" ? "MemTotal − MemAvailable" : undefined;
    return { words: t(other[0]), line: other[1], formula };
  }
  const name = figure !== undefined && figure in FIGURES ? (figure as FigureName) : BY_FILE[file];
  return name === undefined ? null : lesson(name, file, snapshot);
});

function lesson(name: FigureName, file: string, snapshot: Snapshot | null): Lesson {
  const figure: Figure = FIGURES[name];
  const cgroup = snapshot?.container.cgroup ?? null;
  const here = cgroup === null ? null : formOf(cgroup);
  const line = linesOf(figure, file, here ?? "v1");
  return {
    words: (cgroup === null ? null : living(name, cgroup)) ?? t(`teach.${name}`),
    ...(line && { line }),
    ...(cgroup && here && { formula: workedOut(name, here, cgroup) }),
    ...(figure.v1 !== null && figure.v2 !== null && here && { names: { v1: figure.v1, v2: figure.v2, here } }),
  };
}

/** Of a figure that no file holds as it is shown: from what, in the files' names, and with numbers where they say it all. */
function workedOut(name: FigureName, here: Form, { summary: s }: Cgroup): string | undefined {
  const v1 = here === "v1";
  const quotient = (names: string, above: number | null | undefined, below: number | null | undefined): string =>
    above == null || !below ? names : `${names} = ${number(above)} ÷ ${number(below)} = ${number(above / below)}`;
  switch (name) {
    case "kernel":
      return v1 ? "memory.usage_in_bytes − total_rss − total_cache" : undefined;
    case "cpu_time": // shown as cores in use
      return v1 ? "Δ cpuacct.usage ÷ 10⁹ ÷ Δt" : "Δ usage_usec ÷ 10⁶ ÷ Δt";
    case "quota":
      return quotient(
        v1 ? "cpu.cfs_quota_us ÷ cpu.cfs_period_us" : "$MAX ÷ $PERIOD",
        s.cpu_quota_usec,
        s.cpu_period_usec,
      );
    case "throttled":
      return quotient("nr_throttled ÷ nr_periods", s.nr_throttled, s.nr_periods);
    case "waited":
      return v1 ? "throttled_time ÷ 10⁹" : "throttled_usec ÷ 10⁶";
    case "read":
      return v1 ? "Δ Read ÷ Δt" : "Δ rbytes ÷ Δt";
    case "write":
      return v1 ? "Δ Write ÷ Δt" : "Δ wbytes ÷ Δt";
    case "cpu_pressure":
    case "memory_pressure":
    case "io_pressure":
      return "Δ total ÷ 10⁶ ÷ Δt";
    default:
      return undefined;
  }
}

/** `memory.stat: anon` → the line that begins with `anon`. Both versions have a memory.stat, with other lines. */
function linesOf(figure: Figure, file: string, here: Form): RegExp | undefined {
  for (const written of [figure[here], figure.v2]) {
    if (written === null || fileOf(written) !== file) continue;
    const lines = written.split(": ")[1];
    if (lines !== undefined) return new RegExp(`(?:^|\\b)(?:${lines.split(", ").join("|")})\\b`);
  }
  return file.endsWith(".pressure") ? /^some / : undefined;
}

/** The sentence with the figure in it. */
function living(name: FigureName, cgroup: Cgroup): string | null {
  const s = cgroup.summary;
  const [memory, limit] = [s.memory_bytes ?? null, s.memory_limit_bytes ?? null];
  const [tasks, most] = [s.pids_current ?? null, s.pids_max ?? null];
  const [quota, period] = [s.cpu_quota_usec ?? null, s.cpu_period_usec ?? null];
  switch (name) {
    case "used":
      return memory === null || limit === null
        ? null
        : t("teach.used_now", { used: bytes(memory), limit: bytes(limit), left: bytes(Math.max(0, limit - memory)) });
    case "limit":
      return limit === null ? null : t("teach.limit_now", { limit: bytes(limit) });
    case "tasks":
    case "tasks_limit":
      return tasks === null || most === null
        ? null
        : t("teach.tasks_now", {
            count: number(tasks),
            limit: number(most),
            nth: ordinal(most + 1),
            next: number(most + 1),
          });
    case "quota":
      return quota === null || period === null
        ? null
        : t("teach.quota_now", { quota: usec(quota), period: usec(period), cores: number(quota / period) });
    case "throttled":
      return s.nr_periods == null || s.nr_throttled == null
        ? null
        : t("teach.throttled_now", { n: number(s.nr_throttled), all: number(s.nr_periods) });
    case "waited":
      return s.throttled_usec == null ? null : t("teach.waited_now", { time: usec(s.throttled_usec) });
    case "cpu_time":
      return s.cpu_usage_usec == null ? null : t("teach.cpu_time_now", { time: usec(s.cpu_usage_usec) });
    default:
      return null;
  }
}

/** Who counts what as used: words, and the sum in the files' names with today's numbers. */
function answer(who: Counter, snapshot: Snapshot | null): Lesson | null {
  if (snapshot === null) return { words: t(`teach.used_${who}`) };
  const { cgroup } = snapshot.container;
  const { meminfo } = snapshot.host.cgroup.memory;
  const form = formOf(cgroup);
  const count = used(cgroup, meminfo).counts.find((one) => one.by === who);
  const formula = formulas(form)[who];
  const inactive = within(cgroup.memory["memory.stat"], form === "v1" ? "total_inactive_file" : "inactive_file");
  const usage = cgroup.summary.memory_bytes ?? null;
  const terms =
    who === "free"
      ? [within(meminfo, "MemTotal"), within(meminfo, "MemAvailable")]
      : who === "kernel"
        ? [usage]
        : [usage, inactive];
  const known = terms.every((one) => one !== null) && count?.bytes != null;
  return {
    words: t(`teach.used_${who}`),
    formula: known
      ? `${formula} = ${terms.map((one) => bytes(one ?? 0)).join(" − ")} = ${bytes(count?.bytes ?? 0)}`
      : formula,
    line:
      who === "free"
        ? /^Mem(?:Total|Available):/
        : who === "kernel"
          ? undefined
          : form === "v1"
            ? /^total_inactive_file /
            : /^inactive_file /,
  };
}
