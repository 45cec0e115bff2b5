/** The panels of the X-ray, in their order. A further one is a line here: its descriptor stands beside its view. */
import { bytes, number } from "../i18n/format";
import { t, tn } from "../i18n/index";
import { cores } from "../state/format";
import { sizeOf } from "../state/tree";
import { CgroupPanel } from "./cgroup";
import { Namespaces } from "./namespaces";
import { OverlayPanel } from "./overlay";
import { Processes } from "./processes";
import type { PanelDescriptor, Scene } from "./scene";
import { WALLS } from "./walls/panels";

const processes: PanelDescriptor = {
  name: "processes",
  title: "proc.title",
  frequent: true,
  counts: ({ shown, over }) => !over && shown.container.processes,
  summary: ({ shown, over }) => (over ? t("proc.none_left") : tn("proc.count", sizeOf(shown.container.processes))),
  uses: ({ shown, marks, rates, shell, over, live }) => [
    shown.container.processes,
    shown.host.processes,
    shown.usage,
    shown.info.pid,
    shown.gaps,
    marks.processes,
    rates,
    shell,
    over,
    live,
  ],
  render: ({ shown, marks, rates, shell, over, live }) => (
    <Processes snapshot={shown} marks={marks.processes} rates={rates} shell={shell} over={over} live={live} />
  ),
};

const namespaces: PanelDescriptor = {
  name: "namespaces",
  title: "ns.title",
  frequent: true,
  counts: ({ shown }) => shown.container.namespaces,
  summary: ({ shown }) => {
    const all = Object.values(shown.container.namespaces);
    const own = all.filter((one) => one.same_as_host === false).length;
    const same = all.filter((one) => one.same_as_host === true).length;
    return own + same === 0 ? t("ns.none") : t("ns.summary", { own: number(own), same: number(same) });
  },
  uses: ({ shown, marks }) => [
    shown.container.namespaces,
    shown.host.namespaces,
    shown.container.processes,
    shown.host.processes,
    shown.graph,
    shown.info,
    shown.gaps,
    marks.namespaces,
  ],
  render: ({ shown, marks }) => <Namespaces snapshot={shown} marks={marks.namespaces} />,
};

const cgroup: PanelDescriptor = {
  name: "cgroup",
  title: "cg.title",
  frequent: true,
  from: ({ group }) => group,
  summary: cgroupSummary,
  uses: ({ group, snapshot, points, events, marks, live }) => [
    group.container.cgroup,
    group.host.cgroup,
    group.info,
    group.gaps,
    points,
    events,
    marks.cgroup,
    !live || group !== snapshot,
  ],
  render: ({ group, snapshot, points, events, marks, live }) => (
    <CgroupPanel
      snapshot={group}
      points={points}
      events={events}
      marks={marks.cgroup}
      past={!live || group !== snapshot}
    />
  ),
};

const overlay: PanelDescriptor = {
  name: "overlay",
  title: "ov.title",
  frequent: true,
  from: ({ files }) => files,
  counts: ({ files }) => files.host.overlay.changes,
  summary: ({ files }) => {
    const changes = Object.keys(files.host.overlay.changes).length;
    return changes === 0 ? t("ov.nothing") : tn("ov.entries", changes);
  },
  uses: ({ files, marks, live }) => [files.container.overlay, files.host.overlay, files.gaps, marks.overlay, live],
  render: ({ files, marks, live }) => <OverlayPanel snapshot={files} marks={marks.overlay} live={live} />,
};

export const PANELS: readonly PanelDescriptor[] = [processes, namespaces, cgroup, overlay, ...WALLS];

function cgroupSummary({ group, points }: Scene): string {
  const { summary } = group.container.cgroup;
  const used = points.at(-1)?.cores ?? null;
  return [
    summary.memory_bytes == null ? null : bytes(summary.memory_bytes),
    used === null ? null : t("cg.cores", { cores: cores(used) }),
    summary.pids_current == null ? null : tn("cg.count", summary.pids_current),
  ]
    .filter((part) => part !== null)
    .join(" · ");
}
