/** Limiting: memory, CPU and tasks, each against the limit that holds for it, and what happened at the limit. */
import { bytes, exactBytes, number } from "../../i18n/format";
import { t, tn } from "../../i18n/index";
import { coreLimit, cores, niceTop, ordinal, percent, usec } from "../../state/format";
import type { Sample } from "../../state/samples";
import type { CgroupProps } from "../cgroup";
import { Chart, HEADROOM, Meter } from "../chart";
import {
  asking,
  Binding,
  Block,
  Changed,
  Machine,
  Minor,
  machineCores,
  machineMemory,
  machineTasks,
  Of,
  otherName,
  Share,
  tools,
} from "../figures";
import { Ask, Gap, SignMark } from "../parts";
import { ForkStories, OomStories } from "../stories";
import { InView } from "./in_view";
import { Part } from "./part";
import { Clock } from "./throttle";

export function Limiting(props: CgroupProps) {
  return (
    <Part name="limiting">
      <InView class="cg-blocks">
        <Memory {...props} />
        <Cpu {...props} />
        <Tasks {...props} />
      </InView>
      <p class="note">{t("cg.charts")}</p>
    </Part>
  );
}

interface Gauge {
  used: number | null;
  limit: number | null;
  peak?: number | null;
  points: readonly Sample[];
  value(sample: Sample): number | null;
  limitOf(sample: Sample): number | null;
  /** The chart's top where nothing limits. */
  unlimitedTop(): number;
  throttled?: boolean;
  label: string;
  chartLabel: string;
  show(value: number): string;
  /** A limit that reads otherwise than what is used. */
  showLimit?(value: number): string;
}

/** A block's bar and chart, on one scale: the limit's, and that of any limit there was while the chart runs. */
function gauge({
  used,
  limit,
  peak = null,
  points,
  limitOf,
  throttled = false,
  show,
  showLimit = show,
  ...more
}: Gauge) {
  const before = Math.max(0, ...points.map((p) => limitOf(p) ?? 0));
  const top = limit !== null ? Math.max(limit, before) * HEADROOM : more.unlimitedTop();
  return {
    meter: (
      <Meter
        value={used}
        limit={limit}
        peak={peak}
        label={more.label}
        text={used !== null && limit !== null ? t("cg.of_text", { value: show(used), limit: showLimit(limit) }) : ""}
      />
    ),
    chart: (
      <Chart
        points={points}
        series={[{ value: more.value, class: "chart-container", area: true }]}
        top={top}
        limit={limit}
        limitOf={limitOf}
        peak={peak}
        throttled={throttled}
        label={more.chartLabel}
      />
    ),
  };
}

function Memory({ snapshot, points, events, marks }: CgroupProps) {
  const { summary, show, file } = tools(snapshot);
  const used = summary.memory_bytes ?? null;
  const limit = summary.memory_limit_bytes ?? null;
  const peak = summary.memory_peak_bytes ?? null;
  const kills = summary.oom_kills ?? 0;
  return (
    <Block
      controller="memory"
      title={t("cg.memory")}
      file={file("memory_bytes")}
      other={otherName(snapshot.container.cgroup, "used")}
      now={
        <>
          <b>{show("memory_bytes", bytes, exactBytes)}</b>
          <Of limit={limit}>{show("memory_limit_bytes", bytes, exactBytes)}</Of>
          <Share part={used} whole={limit} />
        </>
      }
      {...gauge({
        used,
        limit,
        peak,
        points,
        value: (p) => p.memory,
        limitOf: (p) => p.limits.memory,
        unlimitedTop: () => niceTop(Math.max(peak ?? 0, used ?? 0), 1 << 24),
        label: t("cg.memory"),
        chartLabel: t("cg.chart_memory"),
        show: bytes,
      })}
      words={
        used === null
          ? null
          : limit === null
            ? t("cg.memory_unlimited")
            : kills > 0
              ? t("cg.memory_words_oom", { left: bytes(Math.max(0, limit - used)) })
              : t("cg.memory_words", { left: bytes(Math.max(0, limit - used)), limit: bytes(limit) })
      }
      story={
        <>
          <Changed snapshot={snapshot} points={points} of={(p) => p.limits.memory} show={bytes} />
          <OomStories events={events} />
        </>
      }
    >
      <Binding snapshot={snapshot} which="memory_bytes" />
      <Minor name={t("cg.peak")}>{show("memory_peak_bytes", bytes, exactBytes)}</Minor>
      <Minor
        name={
          <>
            <SignMark sign={marks.signs.get("oom_kills")} />
            {t("cg.oom_kills")}
          </>
        }
      >
        <span class={kills > 0 ? "bad" : undefined}>{show("oom_kills", (n) => number(n))}</span>
      </Minor>
      <Machine figure={machineMemory(snapshot)} question="memory/meminfo" />
    </Block>
  );
}

function Cpu({ snapshot, points }: CgroupProps) {
  const { summary, show, file } = tools(snapshot);
  const quota = summary.cpu_quota_usec ?? null;
  const period = summary.cpu_period_usec ?? null;
  const limit = quota !== null && period ? quota / period : null;
  const latest = points.at(-1) ?? null;
  const used = latest?.cores ?? null;
  const periods = summary.nr_periods ?? null;
  const throttled = summary.nr_throttled ?? null;
  const held = latest?.throttled ?? 0;
  return (
    <Block
      controller="cpu"
      title={t("cg.cpu")}
      file={file("cpu_usage_usec")}
      other={otherName(snapshot.container.cgroup, "cpu_time")}
      now={
        <>
          <b>
            {show(
              "cpu_usage_usec",
              () => (used === null ? "·.··" : cores(used)),
              (n) => t("cg.cpu_total", { total: usec(n) }),
            )}
          </b>
          <Of limit={limit}>
            {show(
              "cpu_quota_usec",
              () => t("cg.cores", { cores: coreLimit(limit ?? 0) }),
              (n) => t("cg.quota", { quota: usec(n), period: usec(period ?? 0) }),
            )}
          </Of>
          <Share part={used} whole={limit} />
        </>
      }
      {...gauge({
        used,
        limit,
        points,
        value: (p) => p.cores,
        limitOf: (p) => p.limits.cores,
        unlimitedTop: () => niceTop(Math.max(0, ...points.map((p) => p.cores ?? 0)), 1),
        throttled: true,
        label: t("cg.cpu"),
        chartLabel: t("cg.chart_cpu"),
        show: cores,
        showLimit: coreLimit,
      })}
      words={
        limit === null || quota === null || period === null
          ? t("cg.cpu_unlimited")
          : held > 0
            ? t("cg.cpu_held", { quota: usec(quota), period: usec(period) })
            : t("cg.cpu_words", { quota: usec(quota), period: usec(period) })
      }
      story={
        <>
          <Clock points={points} quota={quota} period={period} />
          <Changed
            snapshot={snapshot}
            points={points}
            of={(p) => p.limits.cores}
            show={(n) => t("cg.cores", { cores: coreLimit(n) })}
          />
        </>
      }
    >
      <Minor name={t("cg.throttled")}>
        {show(
          "nr_throttled",
          (n) => t("cg.periods", { n: number(n), all: number(periods ?? 0) }),
          () => (throttled !== null && periods ? percent(throttled, periods) : ""),
        )}
      </Minor>
      <Minor name={t("cg.waited")}>{show("throttled_usec", usec, (n) => `${number(n)} µs`)}</Minor>
      <Machine figure={machineCores(snapshot)} question="cpu/online" />
    </Block>
  );
}

function Tasks({ snapshot, points, events }: CgroupProps) {
  const { summary, show, file } = tools(snapshot);
  const used = summary.pids_current ?? null;
  const limit = summary.pids_max ?? null;
  const pidsEvents = snapshot.container.cgroup.pids["pids.events"];
  const refused = typeof pidsEvents === "object" && pidsEvents !== null ? Number(pidsEvents.max ?? 0) : null;
  return (
    <Block
      controller="pids"
      title={t("cg.tasks")}
      file={file("pids_current")}
      now={
        <>
          <b>{show("pids_current", (n) => number(n))}</b>
          <Of limit={limit}>{show("pids_max", (n) => number(n))}</Of>
          <Share part={used} whole={limit} />
        </>
      }
      {...gauge({
        used,
        limit,
        points,
        value: (p) => p.pids,
        limitOf: (p) => p.limits.pids,
        unlimitedTop: () => niceTop(Math.max(1, ...points.map((p) => p.pids ?? 0)), 16),
        label: t("cg.tasks"),
        chartLabel: t("cg.chart_tasks"),
        show: (n) => number(n),
      })}
      words={
        used === null
          ? null
          : limit === null
            ? t("cg.tasks_unlimited")
            : tn("cg.tasks_words", used, { limit: number(limit), next: number(limit + 1), nth: ordinal(limit + 1) })
      }
      story={
        <>
          <Changed snapshot={snapshot} points={points} of={(p) => p.limits.pids} show={(n) => number(n)} />
          <ForkStories events={events} />
        </>
      }
    >
      <Binding snapshot={snapshot} which="pids" />
      <Minor name={t("cg.refused_forks")}>
        {refused === null ? (
          <Gap reason={snapshot.gaps["container.cgroup.pids.pids.events"]} />
        ) : (
          <Ask {...asking("pids/pids.events", "refused")}>
            <span class={refused > 0 ? "bad" : undefined}>{number(refused)}</span>
          </Ask>
        )}
      </Minor>
      <Machine figure={machineTasks(snapshot)} question="pids/loadavg" />
    </Block>
  );
}
