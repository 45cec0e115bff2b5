/** Disk I/O: what reached a block device, as the kernel counted it. */
import { bytes, exactBytes } from "../../i18n/format";
import { t } from "../../i18n/index";
import { niceTop } from "../../state/format";
import type { CgroupProps } from "../cgroup";
import { Chart, HEADROOM } from "../chart";
import { Block, Minor, otherName, reason, tools } from "../figures";
import { Gap } from "../parts";

export function Io({ snapshot, points }: Pick<CgroupProps, "snapshot" | "points">) {
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
      other={otherName(snapshot.container.cgroup, "read")}
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
