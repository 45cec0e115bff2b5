/** Accounting: what has been used, by kind; who calls what "used"; I/O; and who had to wait for what. */
import { t } from "../../i18n/index";
import type { CgroupProps } from "../cgroup";
import { Anatomy } from "./anatomy";
import { InView } from "./in_view";
import { Io } from "./io";
import { Part } from "./part";
import { PressureCharts } from "./pressure";

export function Accounting({ snapshot, points }: CgroupProps) {
  return (
    <Part name="accounting">
      <Anatomy snapshot={snapshot} />
      <InView class="cg-pair">
        <Io snapshot={snapshot} points={points} />
        <section class="cg-block" aria-label={t("cg.pressure")}>
          <PressureCharts snapshot={snapshot} points={points} />
        </section>
      </InView>
    </Part>
  );
}
