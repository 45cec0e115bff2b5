/** Every figure of the panel by both its names: the file of cgroup v1, and that of v2. */
import type { Key } from "../../i18n/index";
import type { Cgroup, Summary } from "../../protocol/generated";
import { formOf } from "../../state/accounting";

/** `memory.stat: anon` is a line of a file; a name with no file in one version says why by its absence. */
export interface Figure {
  words: Key;
  section: "memory" | "cpu" | "pids" | "io" | "control";
  v1: string | null;
  v2: string | null;
  field?: keyof Summary;
}

export const FIGURES = {
  used: {
    words: "cg.f_used",
    section: "memory",
    v1: "memory.usage_in_bytes",
    v2: "memory.current",
    field: "memory_bytes",
  },
  limit: {
    words: "cg.f_limit",
    section: "memory",
    v1: "memory.limit_in_bytes",
    v2: "memory.max",
    field: "memory_limit_bytes",
  },
  high: { words: "cg.f_high", section: "memory", v1: null, v2: "memory.high" },
  soft: { words: "cg.f_soft", section: "memory", v1: "memory.soft_limit_in_bytes", v2: "memory.low" },
  peak: {
    words: "cg.f_peak",
    section: "memory",
    v1: "memory.max_usage_in_bytes",
    v2: "memory.peak",
    field: "memory_peak_bytes",
  },
  hits: { words: "cg.f_hits", section: "memory", v1: "memory.failcnt", v2: "memory.events: max" },
  oom_kills: {
    words: "cg.f_oom_kills",
    section: "memory",
    v1: "memory.oom_control: oom_kill",
    v2: "memory.events: oom_kill",
    field: "oom_kills",
  },
  anon: { words: "cg.f_anon", section: "memory", v1: "memory.stat: total_rss", v2: "memory.stat: anon" },
  cache: { words: "cg.f_cache", section: "memory", v1: "memory.stat: total_cache", v2: "memory.stat: file" },
  active_file: {
    words: "cg.f_active_file",
    section: "memory",
    v1: "memory.stat: total_active_file",
    v2: "memory.stat: active_file",
  },
  inactive_file: {
    words: "cg.f_inactive_file",
    section: "memory",
    v1: "memory.stat: total_inactive_file",
    v2: "memory.stat: inactive_file",
  },
  shmem: { words: "cg.f_shmem", section: "memory", v1: "memory.stat: total_shmem", v2: "memory.stat: shmem" },
  kernel: { words: "cg.f_kernel", section: "memory", v1: "memory.kmem.usage_in_bytes", v2: "memory.stat: kernel" },
  memory_pressure: { words: "cg.f_memory_pressure", section: "memory", v1: null, v2: "memory.pressure" },
  cpu_time: {
    words: "cg.f_cpu_time",
    section: "cpu",
    v1: "cpuacct.usage",
    v2: "cpu.stat: usage_usec",
    field: "cpu_usage_usec",
  },
  quota: {
    words: "cg.f_quota",
    section: "cpu",
    v1: "cpu.cfs_quota_us, cpu.cfs_period_us",
    v2: "cpu.max",
    field: "cpu_quota_usec",
  },
  periods: {
    words: "cg.f_periods",
    section: "cpu",
    v1: "cpu.stat: nr_periods",
    v2: "cpu.stat: nr_periods",
    field: "nr_periods",
  },
  throttled: {
    words: "cg.f_throttled",
    section: "cpu",
    v1: "cpu.stat: nr_throttled",
    v2: "cpu.stat: nr_throttled",
    field: "nr_throttled",
  },
  waited: {
    words: "cg.f_waited",
    section: "cpu",
    v1: "cpu.stat: throttled_time",
    v2: "cpu.stat: throttled_usec",
    field: "throttled_usec",
  },
  weight: { words: "cg.f_weight", section: "cpu", v1: "cpu.shares", v2: "cpu.weight" },
  cpus: { words: "cg.f_cpus", section: "cpu", v1: "cpuset.effective_cpus", v2: "cpuset.cpus.effective" },
  cpu_pressure: { words: "cg.f_cpu_pressure", section: "cpu", v1: null, v2: "cpu.pressure" },
  tasks: { words: "cg.f_tasks", section: "pids", v1: "pids.current", v2: "pids.current", field: "pids_current" },
  tasks_limit: { words: "cg.f_tasks_limit", section: "pids", v1: "pids.max", v2: "pids.max", field: "pids_max" },
  refused: { words: "cg.f_refused", section: "pids", v1: "pids.events: max", v2: "pids.events: max" },
  read: {
    words: "cg.f_read",
    section: "io",
    v1: "blkio.throttle.io_service_bytes_recursive",
    v2: "io.stat: rbytes",
    field: "io_read_bytes",
  },
  write: {
    words: "cg.f_write",
    section: "io",
    v1: "blkio.throttle.io_service_bytes_recursive",
    v2: "io.stat: wbytes",
    field: "io_write_bytes",
  },
  io_weight: { words: "cg.f_io_weight", section: "io", v1: "blkio.bfq.weight", v2: "io.weight" },
  io_pressure: { words: "cg.f_io_pressure", section: "io", v1: null, v2: "io.pressure" },
  freeze: { words: "cg.f_freeze", section: "pids", v1: "freezer.state", v2: "cgroup.freeze" },
  kill: { words: "cg.f_kill", section: "control", v1: null, v2: "cgroup.kill" },
  members: { words: "cg.f_members", section: "control", v1: "cgroup.procs, tasks", v2: "cgroup.procs, cgroup.threads" },
} as const satisfies Record<string, Figure>;

export type FigureName = keyof typeof FIGURES;

/** The file that holds the figure on this host, as a `Source` request calls it; null where it was not read. */
export function keyOf(cgroup: Cgroup, name: FigureName): string | null {
  const figure: Figure = FIGURES[name];
  if (figure.section === "control") return null;
  const written = figure[formOf(cgroup)] ?? figure.v2; // a hybrid host's cgroup2 directory has what v1 lacks
  const file = fileOf(written ?? "");
  const { [figure.section]: files } = cgroup;
  return Object.hasOwn(files, file) && files[file] != null ? `${figure.section}/${file}` : null;
}

/** `memory.stat: anon` → `memory.stat`. */
export const fileOf = (name: string): string => /^[^:,]+/.exec(name)?.[0] ?? "";
