/** PSI: for how much of the time somebody had to wait for CPU, memory or I/O. */
import { t } from "../../i18n/index";
import type { Snapshot } from "../../protocol/generated";
import { percent } from "../../state/format";
import type { Sample } from "../../state/samples";
import { Chart } from "../chart";
import { asking } from "../figures";
import { Ask, Gap } from "../parts";

const WHAT = ["cpu", "memory", "io"] as const;

interface Props {
  snapshot: Snapshot;
  points: readonly Sample[];
}

export function PressureCharts({ snapshot, points }: Props) {
  return (
    <>
      <h5>{t("cg.pressure")}</h5>
      <p class="cg-files">{t("cg.pressure_files")}</p>
      <div class="psi">
        {WHAT.map((what) => (
          <One key={what} what={what} snapshot={snapshot} points={points} />
        ))}
      </div>
      <p class="cg-words">
        <i class="key some" /> {t("cg.some_words")} <i class="key full" /> {t("cg.full_words")}
      </p>
    </>
  );
}

function One({ what, snapshot, points }: Props & { what: (typeof WHAT)[number] }) {
  const name = `${what}.pressure`;
  const figure = snapshot.container.cgroup[what][name] ?? snapshot.host.cgroup[what][name];
  const latest = points.at(-1)?.pressure;
  const label = t(`cg.psi_${what}`);
  if (figure == null) {
    return (
      <div class="psi-one">
        <p class="psi-now">{label}</p>
        <Gap
          reason={snapshot.gaps[`host.cgroup.${what}.${name}`] ?? snapshot.gaps[`container.cgroup.${what}.${name}`]}
        />
      </div>
    );
  }
  return (
    <div class="psi-one">
      <p class="psi-now num">
        <Ask {...asking(`${what}/${name}`, `${what}_pressure`)} title={name}>
          {label}
        </Ask>
        <b>{share(latest?.some[what])}</b>
        <span>{share(latest?.full[what])}</span>
      </p>
      <Chart
        points={points}
        series={[
          { value: (p) => p.pressure.some[what], class: "chart-container", area: true },
          { value: (p) => p.pressure.full[what], class: "chart-write" },
        ]}
        top={1}
        limit={null}
        label={t("cg.chart_psi", { what: label })}
      />
    </div>
  );
}

const share = (value: number | null | undefined): string => (value == null ? "·" : percent(value, 1));
