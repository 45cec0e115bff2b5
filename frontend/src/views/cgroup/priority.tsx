/** Priority: who goes first when there is not enough for all. */
import { memo } from "preact/compat";
import { number } from "../../i18n/format";
import { t } from "../../i18n/index";
import type { Cgroup, Snapshot } from "../../protocol/generated";
import { formOf } from "../../state/accounting";
import { percent } from "../../state/format";
import { asking } from "../figures";
import { Ask, Gap } from "../parts";
import { FIGURES, type FigureName, keyOf } from "./names";
import { Part } from "./part";

export const Priority = memo(Shown, (a, b) => {
  const [one, two] = [a.snapshot.container.cgroup, b.snapshot.container.cgroup];
  return weight(one, "weight") === weight(two, "weight") && weight(one, "io_weight") === weight(two, "io_weight");
});

function Shown({ snapshot }: { snapshot: Snapshot }) {
  const { cgroup } = snapshot.container;
  const form = formOf(cgroup);
  const cpu = weight(cgroup, "weight");
  const usual = form === "v1" ? 1024 : 100;
  return (
    <Part name="priority">
      <dl class="cg-list num">
        <Weight snapshot={snapshot} name="weight" value={cpu} words={t("cg.weight_cpu")}>
          {cpu !== null &&
            t("cg.weight_share", {
              usual: number(usual),
              share: percent(cpu, cpu + usual),
              ratio: number(cpu / usual),
            })}
        </Weight>
        <Weight snapshot={snapshot} name="io_weight" value={weight(cgroup, "io_weight")} words={t("cg.weight_io")}>
          {t("cg.weight_io_words")}
        </Weight>
      </dl>
      <p class="note">{t(form === "v1" ? "cg.weight_v2" : "cg.weight_v1", { weight: toV2(cpu ?? 1024) })}</p>
    </Part>
  );
}

/** v1's 2 to 262144 on v2's scale of 1 to 10000, as OCI runtimes reckon it. */
export const toV2 = (shares: number): number => Math.floor(1 + ((shares - 2) * 9999) / 262142);

interface WeightProps {
  snapshot: Snapshot;
  name: "weight" | "io_weight";
  value: number | null;
  words: string;
  children: preact.ComponentChildren;
}

function Weight({ snapshot, name, value, words, children }: WeightProps) {
  const { cgroup } = snapshot.container;
  const key = keyOf(cgroup, name);
  const file = FIGURES[name][formOf(cgroup)];
  return (
    <div>
      <dt>
        {words} <code>{file}</code>
      </dt>
      <dd>
        {value === null || key === null ? (
          <Gap reason={snapshot.gaps[`container.cgroup.${FIGURES[name].section}.${file}`] ?? t("cg.no_weight")} />
        ) : (
          <>
            <Ask {...asking(key, name)}>
              <b>{number(value)}</b>
            </Ask>
            <span class="cg-says">{children}</span>
          </>
        )}
      </dd>
    </div>
  );
}

/** A plain number, or io.weight's `default 100`. */
function weight(cgroup: Cgroup, name: FigureName): number | null {
  const key = keyOf(cgroup, name);
  if (key === null) return null;
  const figure = cgroup[FIGURES[name].section as "cpu" | "io"][key.slice(key.indexOf("/") + 1)];
  if (typeof figure === "number") return figure;
  const usual = typeof figure === "object" && figure !== null ? figure.default : null;
  return typeof usual === "number" ? usual : null;
}
