/**
 * How much memory a container uses: one set of figures, four answers, and the parts they are made of.
 *
 * Twin of `runtime/protocol/accounting.py`, which says who counts how and why; both are held to the examples of
 * `tests/unit/accounting.json`.
 */
import type { Cgroup } from "../protocol/generated";

export type Form = "v1" | "v2";

/** A hybrid host keeps memory, CPU and tasks in v1. */
export const formOf = (cgroup: Pick<Cgroup, "mode">): Form => (cgroup.mode === "v2" ? "v2" : "v1");

export type Counter = "kernel" | "docker" | "kubernetes" | "free";
export type Kind =
  | "anon"
  | "shmem"
  | "active_file"
  | "inactive_file"
  | "file_other"
  | "slab"
  | "kernel"
  | "sock"
  | "rest";

/** One answer. `bytes` is null where a file it needs is missing. */
export interface Count {
  by: Counter;
  bytes: number | null;
  formula: string;
}

export interface MemoryPart {
  kind: Kind;
  bytes: number;
  formula: string;
}

export interface UsedMemory {
  counts: Count[];
  anatomy: MemoryPart[];
}

type Figure = Cgroup["memory"][string] | undefined;

const USAGE: Record<Form, string> = { v1: "memory.usage_in_bytes", v2: "memory.current" };
const LINES: Record<Form, Partial<Record<Kind | "file", string>>> = {
  v1: {
    anon: "total_rss",
    file: "total_cache",
    shmem: "total_shmem",
    active_file: "total_active_file",
    inactive_file: "total_inactive_file",
  },
  v2: {
    anon: "anon",
    file: "file",
    shmem: "shmem",
    active_file: "active_file",
    inactive_file: "inactive_file",
    slab: "slab",
    kernel: "kernel",
    sock: "sock",
  },
};

/** How each comes to its answer, in the files' own names. */
export function formulas(form: Form): Record<Counter, string> {
  const less = `${USAGE[form]} − ${LINES[form].inactive_file}`;
  return { kernel: USAGE[form], docker: less, kubernetes: less, free: "MemTotal − MemAvailable" };
}

export function used(cgroup: Pick<Cgroup, "mode" | "memory">, meminfo: Figure = cgroup.memory.meminfo): UsedMemory {
  const form = formOf(cgroup);
  const usage = number(cgroup.memory[USAGE[form]]);
  const inactive = within(cgroup.memory["memory.stat"], LINES[form].inactive_file ?? "");
  const clean = usage === null || inactive === null ? null : usage - inactive;
  const [total, available] = [within(meminfo, "MemTotal"), within(meminfo, "MemAvailable")];
  const formula = formulas(form);
  return {
    counts: [
      { by: "kernel", bytes: usage, formula: formula.kernel },
      { by: "docker", bytes: clean === null || clean > 0 ? clean : usage, formula: formula.docker },
      { by: "kubernetes", bytes: clean === null ? null : Math.max(0, clean), formula: formula.kubernetes },
      { by: "free", bytes: total === null || available === null ? null : total - available, formula: formula.free },
    ],
    anatomy: anatomy(cgroup, form, usage),
  };
}

function anatomy({ memory }: Pick<Cgroup, "memory">, form: Form, usage: number | null): MemoryPart[] {
  const stat = memory["memory.stat"];
  if (typeof stat !== "object" || stat === null) return [];
  const names = LINES[form];
  const line = (kind: Kind | "file"): number => within(stat, names[kind] ?? "") ?? 0;
  const part = (kind: Kind): MemoryPart => ({ kind, bytes: line(kind), formula: names[kind] ?? "" });
  const cached = line("shmem") + line("active_file") + line("inactive_file");
  const parts: MemoryPart[] = [
    part("anon"),
    part("shmem"),
    part("active_file"),
    part("inactive_file"),
    {
      kind: "file_other",
      bytes: Math.max(0, line("file") - cached),
      formula: [names.file, names.shmem, names.active_file, names.inactive_file].join(" − "),
    },
  ];
  if (usage !== null && form === "v1") {
    const kernel = Math.max(0, usage - line("anon") - line("file"));
    parts.push({ kind: "kernel", bytes: kernel, formula: [USAGE[form], names.anon, names.file].join(" − ") });
  }
  if (form === "v2") {
    const kernel = Math.max(0, line("kernel") - line("slab"));
    parts.push(part("slab"), { kind: "kernel", bytes: kernel, formula: "kernel − slab" }, part("sock"));
    const known = parts.reduce((sum, one) => sum + one.bytes, 0);
    if (usage !== null) {
      parts.push({ kind: "rest", bytes: Math.max(0, usage - known), formula: `${USAGE[form]} − the parts above` });
    }
  }
  return parts;
}

const number = (figure: Figure): number | null => (typeof figure === "number" ? figure : null);

/** One line of a file that holds several. */
export function within(figure: Figure, key: string): number | null {
  const found = typeof figure === "object" && figure !== null && Object.hasOwn(figure, key) ? figure[key] : null;
  return typeof found === "number" ? found : null;
}
