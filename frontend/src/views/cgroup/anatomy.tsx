/** What the memory is, as one stacked bar, and four answers to how much of it is "used". */
import { memo } from "preact/compat";
import { bytes, exactBytes } from "../../i18n/format";
import { t } from "../../i18n/index";
import type { Snapshot } from "../../protocol/generated";
import {
  type Count,
  type Counter,
  type Form,
  formOf,
  formulas,
  type Kind,
  type MemoryPart,
  type UsedMemory,
  used,
} from "../../state/accounting";
import { percent } from "../../state/format";
import { asking } from "../figures";
import { Ask, Gap, Words } from "../parts";

export const Anatomy = memo(
  Shown,
  (a, b) =>
    a.snapshot.container.cgroup.memory === b.snapshot.container.cgroup.memory &&
    a.snapshot.host.cgroup.memory === b.snapshot.host.cgroup.memory &&
    a.snapshot.gaps === b.snapshot.gaps,
);

function Shown({ snapshot }: { snapshot: Snapshot }) {
  const { cgroup } = snapshot.container;
  const found = used(cgroup, snapshot.host.cgroup.memory.meminfo);
  const usage = cgroup.summary.memory_bytes ?? null;
  const parts = DRAWN.flatMap((kind) => found.anatomy.filter((part) => part.kind === kind && part.bytes > 0));
  return (
    <section class="cg-block anatomy" aria-label={t("cg.anatomy")}>
      <h5>{t("cg.anatomy")}</h5>
      {parts.length === 0 || usage === null ? (
        <Gap reason={snapshot.gaps["container.cgroup.memory.memory.stat"] ?? snapshot.gaps["container.cgroup"]} />
      ) : (
        <>
          <Bar parts={parts} usage={usage} limit={cgroup.summary.memory_limit_bytes ?? null} found={found} />
          <Legend parts={parts} usage={usage} />
        </>
      )}
      <Answers snapshot={snapshot} counts={found.counts} />
    </section>
  );
}

/** What can be given up at once stands last: what docker counts is then all that is left of it. */
const DRAWN: readonly Kind[] = [
  "anon",
  "shmem",
  "kernel",
  "slab",
  "sock",
  "rest",
  "file_other",
  "active_file",
  "inactive_file",
];

interface BarProps {
  parts: readonly MemoryPart[];
  usage: number;
  limit: number | null;
  found: UsedMemory;
}

/** On the scale of the usage, or what is small could not be seen; how far the limit is, a second bar says. */
function Bar({ parts, usage, limit, found }: BarProps) {
  const sum = Math.max(
    usage,
    parts.reduce((all, part) => all + part.bytes, 0),
    1,
  );
  const width = (part: number): string => `${(100 * part) / sum}%`;
  const docker = found.counts.find((count) => count.by === "docker")?.bytes ?? null;
  return (
    <div class="anatomy-figure">
      <div class="anatomy-bar" role="img" aria-label={t("cg.anatomy_label", { value: bytes(usage) })}>
        {parts.map((part) => (
          <span key={part.kind} class={`part-${part.kind}`} style={{ width: width(part.bytes) }} />
        ))}
      </div>
      <div class="anatomy-brackets" aria-hidden="true">
        <span style={{ width: width(usage) }}>{t("cg.who_kernel")}</span>
        {docker !== null && <span style={{ width: width(docker) }}>{t("cg.who_docker_kubernetes")}</span>}
      </div>
      {limit !== null && (
        <div class="anatomy-limit num">
          <span class="anatomy-scale" aria-hidden="true">
            <span style={{ width: `${Math.min(100, (100 * usage) / limit)}%` }} />
          </span>
          {t("cg.anatomy_limit", { value: bytes(usage), limit: bytes(limit), share: percent(usage, limit) })}
        </div>
      )}
    </div>
  );
}

function Legend({ parts, usage }: { parts: readonly MemoryPart[]; usage: number }) {
  return (
    <ul class="anatomy-parts num">
      {parts.map(({ kind, bytes: value, formula }) => (
        <li key={kind} title={t(`cg.part_${kind}_words`)}>
          <i class={`swatch part-${kind}`} aria-hidden="true" />
          <span class="anatomy-name">
            {kind === "rest" ? (
              t("cg.part_rest")
            ) : (
              <Ask {...asking(fileOfPart(formula), kind)} title={formula}>
                {t(`cg.part_${kind}`)}
              </Ask>
            )}
            {kind !== "rest" && <code>{formula}</code>}
          </span>
          <b title={exactBytes(value)}>{bytes(value)}</b>
          <span class="cg-share">{percent(value, usage)}</span>
        </li>
      ))}
    </ul>
  );
}

/** All are lines of memory.stat, but v1's kernel memory, which has a file of its own; the picture reckons it instead. */
const fileOfPart = (formula: string): string =>
  `memory/${formula.startsWith("memory.") ? "memory.kmem.usage_in_bytes" : "memory.stat"}`;

function Answers({ snapshot, counts }: { snapshot: Snapshot; counts: readonly Count[] }) {
  const { cgroup } = snapshot.container;
  const form = formOf(cgroup);
  const key = cgroup.sources.memory_bytes ?? "memory/memory.stat";
  return (
    <table class="answers num">
      <caption>{t("cg.answers")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("cg.who")}</th>
          <th scope="col">{t("cg.answer")}</th>
          <th scope="col">{t("cg.formula")}</th>
        </tr>
      </thead>
      <tbody>
        {counts.map(({ by: who, bytes: value }) => {
          const host = who === "free";
          const question = host ? "memory/meminfo" : who === "kernel" ? key : "memory/memory.stat";
          return (
            <tr key={who} class={host ? "world-host" : undefined}>
              <th scope="row">
                <span class="answers-who">{t(`cg.who_${who}`)}</span>
                <span class="answers-why">{t(`cg.why_${who}`)}</span>
              </th>
              <td>
                {value === null ? (
                  <Gap reason={snapshot.gaps["container.cgroup.memory.memory.stat"]} />
                ) : (
                  <Ask
                    panel="cgroup"
                    question={question}
                    title={t(`cg.who_${who}`)}
                    sides={host ? ["host"] : ["container", "host"]}
                    figure={`used_${who}`}
                  >
                    <b title={exactBytes(value)}>{bytes(value)}</b>
                  </Ask>
                )}
              </td>
              <td>
                <Formula who={who} form={form} />
              </td>
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

/** Both forms, the one this host has marked; one where they do not differ. */
function Formula({ who, form }: { who: Counter; form: Form }) {
  const formula = { v1: formulas("v1")[who], v2: formulas("v2")[who] };
  if (formula.v1 === formula.v2) {
    return (
      <span class="formula" data-here="true">
        <Words text={t("cg.meminfo_formula")} formula={<code>{formula.v1}</code>} />
      </span>
    );
  }
  return (
    <>
      {(["v1", "v2"] as const).map((one) => (
        <span key={one} class="formula" data-here={one === form ? "true" : undefined}>
          <span class="badge">
            {one}
            {one === form && <> · {t("cg.here")}</>}
          </span>{" "}
          <code>{formula[one]}</code>
        </span>
      ))}
    </>
  );
}
