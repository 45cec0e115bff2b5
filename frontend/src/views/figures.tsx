/** The parts a block of the cgroup panel is made of. */
import type { ComponentChildren } from "preact";
import { bytes, number } from "../i18n/format";
import { t } from "../i18n/index";
import type { Cgroup, Snapshot, Summary } from "../protocol/generated";
import { formOf, within } from "../state/accounting";
import { clock, coreLimit, percent } from "../state/format";
import type { Sample } from "../state/samples";
import { FIGURES, type FigureName } from "./cgroup/names";
import { changes } from "./chart";
import { Ask, Gap, useThing, Words, World } from "./parts";

type Field = keyof Summary;

export interface Tools {
  summary: Summary;
  /** The figure as a button that shows its file; its reason where there is none. */
  show(field: Field, text: (value: number) => string, title?: (value: number) => string): ComponentChildren;
  file(field: Field): string;
}

export function tools(snapshot: Snapshot): Tools {
  const { cgroup } = snapshot.container;
  const show: Tools["show"] = (field, text, title) => {
    const value = cgroup.summary[field] ?? null;
    if (value === null) return <Gap reason={reason(snapshot, field)} />;
    const key = cgroup.sources[field];
    const words = <span title={title?.(value)}>{text(value)}</span>;
    if (key === undefined) return words;
    return <Ask {...asking(key, BY_FIELD.get(field))}>{words}</Ask>;
  };
  return {
    summary: cgroup.summary,
    show,
    file: (field) => fileName(cgroup, field),
  };
}

const BY_FIELD = new Map<Field, FigureName>(
  (Object.keys(FIGURES) as FigureName[]).flatMap((name) => {
    const figure = FIGURES[name];
    return "field" in figure ? [[figure.field, name] as const] : [];
  }),
);

export const asking = (key: string, figure?: string) =>
  ({
    panel: "cgroup",
    question: key,
    title: key.slice(key.indexOf("/") + 1),
    sides: ["container", "host"],
    figure,
  }) as const;

function fileName(cgroup: Cgroup, field: Field): string {
  const key = cgroup.sources[field] ?? "";
  return key.slice(key.indexOf("/") + 1);
}

export function reason(snapshot: Snapshot, field: Field): string | undefined {
  const { gaps } = snapshot;
  return gaps[`container.cgroup.summary.${field}`] ?? gaps["container.cgroup"] ?? t("cg.not_set");
}

export interface BlockProps {
  controller: "memory" | "cpu" | "pids" | "io";
  title: string;
  file: string;
  /** What the other version of cgroups calls the same file. */
  other?: string | null;
  now: ComponentChildren;
  meter: ComponentChildren;
  chart: ComponentChildren;
  words: ComponentChildren;
  children: ComponentChildren;
  story?: ComponentChildren;
}

export function Block({
  controller,
  title,
  file,
  other = null,
  now,
  meter,
  chart,
  words,
  children,
  story,
}: BlockProps) {
  return (
    <section class="cg-block" {...useThing(`cgroup:${controller}`)} aria-label={title}>
      <h5>{title}</h5>
      <p class="cg-files">
        <code>{file}</code>
        {other !== null && <Words text={t("cg.other_name")} name={<code>{other}</code>} />}
      </p>
      <p class="cg-now num">{now}</p>
      {meter}
      {chart}
      <dl class="cg-minor num">{children}</dl>
      <p class="cg-words">{words}</p>
      {story}
    </section>
  );
}

export function Minor({ name, children }: { name: ComponentChildren; children: ComponentChildren }) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Of({ limit, children }: { limit: number | null; children: ComponentChildren }) {
  return <span class="cg-of">{limit === null ? t("cg.no_limit") : <Words text={t("cg.of")} limit={children} />}</span>;
}

export function Share({ part, whole }: { part: number | null; whole: number | null }) {
  return <span class="cg-share">{part !== null && whole !== null ? percent(part, whole) : ""}</span>;
}

/** The same kind of figure for the whole machine: what one container's share looks like from outside. */
export function Machine({ figure, question }: { figure: string | null; question: string }) {
  if (figure === null) return null;
  return (
    <Minor name={<World side="host" />}>
      <Ask {...asking(question)} sides={["host"]}>
        <span title={t("cg.machine")}>{figure}</span>
      </Ask>
    </Minor>
  );
}

export function machineMemory(snapshot: Snapshot): string | null {
  const { meminfo } = snapshot.host.cgroup.memory;
  const [total, available] = [within(meminfo, "MemTotal"), within(meminfo, "MemAvailable")];
  return total === null || available === null ? null : `${bytes(total - available)} / ${bytes(total)}`;
}

export function machineTasks(snapshot: Snapshot): string | null {
  const { loadavg, pid_max: most } = snapshot.host.cgroup.pids;
  const tasks = within(loadavg, "tasks");
  return tasks === null ? null : `${number(tasks)}${typeof most === "number" ? ` / ${number(most)}` : ""}`;
}

/** `0-1` → 2, `0,2-3` → 3: /sys/devices/system/cpu/online. */
export function machineCores(snapshot: Snapshot): string | null {
  const { online } = snapshot.host.cgroup.cpu;
  if (typeof online !== "string" && typeof online !== "number") return null;
  let count = 0;
  for (const part of String(online).split(",")) {
    const [from, to] = part.split("-").map(Number);
    if (from === undefined || Number.isNaN(from)) return null;
    count += (to ?? from) - from + 1;
  }
  return t("cg.cores", { cores: coreLimit(count) });
}

/** What the figure is called in the version of cgroups that this host does not keep it in; null when it is the same. */
export function otherName(cgroup: Cgroup, name: FigureName): string | null {
  const form = formOf(cgroup);
  const figure = FIGURES[name];
  const [here, there] = form === "v1" ? [figure.v1, figure.v2] : [figure.v2, figure.v1];
  return there === null || there === here ? null : t(form === "v1" ? "cg.in_v2" : "cg.in_v1", { name: there });
}

/** The limit that bites, and whose it is: one's own, or that of a group further up. */
export function Binding({ snapshot, which }: { snapshot: Snapshot; which: "memory_bytes" | "pids" }) {
  const found = snapshot.host.cgroup.effective?.[which] ?? snapshot.container.cgroup.effective?.[which];
  if (!found) return null;
  const value = which === "pids" ? number(found.value) : bytes(found.value);
  return (
    <Minor name={t("cg.binding")}>
      {found.own ? (
        <span title={found.at}>{t("cg.binding_own", { value })}</span>
      ) : (
        <span class="cg-binding">
          <Words text={t("cg.binding_of")} value={<b>{value}</b>} at={<code>{found.at}</code>} />
        </span>
      )}
    </Minor>
  );
}

interface ChangedProps {
  snapshot: Snapshot;
  points: readonly Sample[];
  of(sample: Sample): number | null;
  show(value: number): string;
}

/** The last change of a limit within the chart's reach, in words: the same that the chart marks. */
export function Changed({ snapshot, points, of, show }: ChangedProps) {
  const step = changes(points, of).at(-1);
  if (step === undefined) return null;
  const name = (value: number | null): string => (value === null ? t("cg.no_limit") : show(value));
  const at = clock(snapshot.taken_at - (snapshot.monotonic - step.t));
  return (
    <p class="cg-changed">
      <span aria-hidden="true" class="key change" />
      {t("cg.changed", { at, from: name(step.from), to: name(step.to) })}
    </p>
  );
}
