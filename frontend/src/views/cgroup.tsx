/** What the container may use and does: memory, CPU, tasks, I/O, each against its limit. */
import { bytes, exactBytes, number } from "../i18n/format";
import { t, tn } from "../i18n/index";
import type { Snapshot } from "../protocol/generated";
import { coreLimit, cores, niceTop, ordinal, percent, usec } from "../state/format";
import type { LiveEvent } from "../state/live";
import type { Marks } from "../state/marks";
import type { Sample } from "../state/samples";
import { Chart, HEADROOM, Meter } from "./chart";
import {
  asking,
  Block,
  Machine,
  Minor,
  machineCores,
  machineMemory,
  machineTasks,
  Of,
  reason,
  Share,
  tools,
} from "./figures";
import { Files } from "./files";
import { Ask, Gap, SignMark } from "./parts";
import { ForkStories, OomStories } from "./stories";
import { Where } from "./where";

interface Props {
  snapshot: Snapshot;
  points: readonly Sample[];
  events: readonly LiveEvent[];
  marks: Marks;
}

export function CgroupPanel(props: Props) {
  const { snapshot } = props;
  return (
    <div class="cg">
      <div class="cg-blocks">
        <Memory {...props} />
        <Cpu {...props} />
        <Tasks {...props} />
        <Io {...props} />
      </div>
      <p class="note">{t("cg.charts")}</p>
      <Where snapshot={snapshot} />
      <Files snapshot={snapshot} />
    </div>
  );
}

function Memory({ snapshot, points, events, marks }: Props) {
  const { summary, show, file } = tools(snapshot);
  const used = summary.memory_bytes ?? null;
  const limit = summary.memory_limit_bytes ?? null;
  const peak = summary.memory_peak_bytes ?? null;
  const kills = summary.oom_kills ?? 0;
  const top = limit !== null ? limit * HEADROOM : niceTop(Math.max(peak ?? 0, used ?? 0), 1 << 24);
  return (
    <Block
      controller="memory"
      title={t("cg.memory")}
      file={file("memory_bytes")}
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
      story={<OomStories events={events} />}
    >
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

function Cpu({ snapshot, points }: Props) {
  const { summary, show, file } = tools(snapshot);
  const quota = summary.cpu_quota_usec ?? null;
  const period = summary.cpu_period_usec ?? null;
  const limit = quota !== null && period ? quota / period : null;
  const latest = points.at(-1) ?? null;
  const used = latest?.cores ?? null;
  const top = limit !== null ? limit * HEADROOM : niceTop(Math.max(0, ...points.map((p) => p.cores ?? 0)), 1);
  const periods = summary.nr_periods ?? null;
  const throttled = summary.nr_throttled ?? null;
  const held = latest?.throttled ?? 0;
  return (
    <Block
      controller="cpu"
      title={t("cg.cpu")}
      file={file("cpu_usage_usec")}
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

function Tasks({ snapshot, points, events }: Props) {
  const { summary, show, file } = tools(snapshot);
  const used = summary.pids_current ?? null;
  const limit = summary.pids_max ?? null;
  const top = limit !== null ? limit * HEADROOM : niceTop(Math.max(1, ...points.map((p) => p.pids ?? 0)), 16);
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
      story={<ForkStories events={events} />}
    >
      <Minor name={t("cg.refused_forks")}>
        {refused === null ? (
          <Gap reason={snapshot.gaps["container.cgroup.pids.pids.events"]} />
        ) : (
          <Ask {...asking("pids/pids.events")}>
            <span class={refused > 0 ? "bad" : undefined}>{number(refused)}</span>
          </Ask>
        )}
      </Minor>
      <Machine figure={machineTasks(snapshot)} question="pids/loadavg" />
    </Block>
  );
}

function Io({ snapshot, points }: Props) {
  const { summary, show, file } = tools(snapshot);
  const latest = points.at(-1) ?? null;
  const rate = (value: number | null | undefined): string => (value == null ? "·" : `${bytes(Math.round(value))}/s`);
  const busiest = Math.max(0, ...points.map((p) => Math.max(p.read ?? 0, p.write ?? 0)));
  const top = niceTop(busiest, 1 << 20);
  const known = (summary.io_read_bytes ?? null) !== null;
  return (
    <Block
      controller="io"
      title={t("cg.io")}
      file={shortIo(file("io_read_bytes"))}
      now={
        known ? (
          <span class="cg-rates">
            <span>
              <i class="key read" /> {t("cg.read")} <b>{rate(latest?.read)}</b>
            </span>
            <span>
              <i class="key write" /> {t("cg.written")} <b>{rate(latest?.write)}</b>
            </span>
          </span>
        ) : (
          <Gap reason={reason(snapshot, "io_read_bytes")} />
        )
      }
      meter={<p class="cg-scale">{known && t("cg.scale", { top: `${bytes(top)}/s` })}</p>}
      chart={
        <Chart
          points={points}
          series={[
            { value: (p) => p.read, class: "chart-container", area: true },
            { value: (p) => p.write, class: "chart-write" },
          ]}
          top={top * HEADROOM}
          limit={null}
          label={t("cg.chart_io")}
        />
      }
      words={known && t("cg.io_words")}
    >
      {known && (
        <>
          <Minor name={t("cg.read_total")}>{show("io_read_bytes", bytes, exactBytes)}</Minor>
          <Minor name={t("cg.write_total")}>{show("io_write_bytes", bytes, exactBytes)}</Minor>
        </>
      )}
    </Block>
  );
}

const shortIo = (name: string): string => name.replace("blkio.throttle.", "");
