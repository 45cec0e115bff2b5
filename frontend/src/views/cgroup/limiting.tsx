/** Limiting: memory, CPU and tasks, each against the limit that holds for it, and what happened at the limit. */
import { bytes, exactBytes, number } from "../../i18n/format";
import { t, tn } from "../../i18n/index";
import { coreLimit, cores, niceTop, ordinal, percent, usec } from "../../state/format";
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

function Memory({ snapshot, points, events, marks }: CgroupProps) {
  const { summary, show, file } = tools(snapshot);
  const used = summary.memory_bytes ?? null;
  const limit = summary.memory_limit_bytes ?? null;
  const peak = summary.memory_peak_bytes ?? null;
  const kills = summary.oom_kills ?? 0;
  const before = Math.max(0, ...points.map((p) => p.limits.memory ?? 0));
  const top = limit !== null ? Math.max(limit, before) * HEADROOM : niceTop(Math.max(peak ?? 0, used ?? 0), 1 << 24);
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
      meter={
        <Meter
          value={used}
          limit={limit}
          peak={peak}
          label={t("cg.memory")}
          text={used !== null && limit !== null ? t("cg.of_text", { value: bytes(used), limit: bytes(limit) }) : ""}
        />
      }
      chart={
        <Chart
          points={points}
          series={[{ value: (p) => p.memory, class: "chart-container", area: true }]}
          top={top}
          limit={limit}
          limitOf={(p) => p.limits.memory}
          peak={peak}
          label={t("cg.chart_memory")}
        />
      }
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
  const before = Math.max(0, ...points.map((p) => p.limits.cores ?? 0));
  const top =
    limit !== null ? Math.max(limit, before) * HEADROOM : niceTop(Math.max(0, ...points.map((p) => p.cores ?? 0)), 1);
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
      meter={
        <Meter
          value={used}
          limit={limit}
          label={t("cg.cpu")}
          text={used !== null && limit !== null ? t("cg.of_text", { value: cores(used), limit: coreLimit(limit) }) : ""}
        />
      }
      chart={
        <Chart
          points={points}
          series={[{ value: (p) => p.cores, class: "chart-container", area: true }]}
          top={top}
          limit={limit}
          limitOf={(p) => p.limits.cores}
          throttled
          label={t("cg.chart_cpu")}
        />
      }
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
  const before = Math.max(0, ...points.map((p) => p.limits.pids ?? 0));
  const top =
    limit !== null ? Math.max(limit, before) * HEADROOM : niceTop(Math.max(1, ...points.map((p) => p.pids ?? 0)), 16);
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
      meter={
        <Meter
          value={used}
          limit={limit}
          label={t("cg.tasks")}
          text={used !== null && limit !== null ? t("cg.of_text", { value: number(used), limit: number(limit) }) : ""}
        />
      }
      chart={
        <Chart
          points={points}
          series={[{ value: (p) => p.pids, class: "chart-container", area: true }]}
          top={top}
          limit={limit}
          limitOf={(p) => p.limits.pids}
          label={t("cg.chart_tasks")}
        />
      }
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
