/** Where a container is in the cgroup tree: which hierarchy, and which directories on either side. */
import { memo } from "preact/compat";
import { t } from "../i18n/index";
import type { Snapshot } from "../protocol/generated";
import type { BlockProps } from "./figures";
import { Copy, Gap, useThing, Worlds } from "./parts";

export const Where = memo(Place, (a, b) => {
  const [one, two] = [a.snapshot, b.snapshot];
  const same =
    one.host.cgroup.paths === two.host.cgroup.paths && one.container.cgroup.paths === two.container.cgroup.paths;
  return same && one.gaps === two.gaps;
});

function Place({ snapshot }: { snapshot: Snapshot }) {
  const { container, host } = snapshot;
  const controllers = Object.keys({ ...host.cgroup.paths, ...container.cgroup.paths });
  return (
    <details class="panel-more">
      <summary>
        <span class="badge">{t(`cg.mode_${host.cgroup.mode}`)}</span> {t("cg.where")}
      </summary>
      <p class="note">{t(`cg.mode_${host.cgroup.mode}_words`)}</p>
      <table class="cg-paths">
        <thead>
          <tr>
            <th scope="col">{t("cg.controller")}</th>
            <Worlds />
          </tr>
        </thead>
        <tbody>
          {controllers.map((controller) => (
            <Directory key={controller} controller={controller} snapshot={snapshot} />
          ))}
        </tbody>
      </table>
    </details>
  );
}

/** The panel's block a controller's directory belongs to: pointing at either lights both. */
const BLOCKS: Partial<Record<string, BlockProps["controller"]>> = { cpuacct: "cpu", cpuset: "cpu", blkio: "io" };

function Directory({ controller, snapshot }: { controller: string; snapshot: Snapshot }) {
  const inside = snapshot.container.cgroup.paths[controller];
  const outside = snapshot.host.cgroup.paths[controller];
  return (
    <tr {...useThing(`cgroup:${BLOCKS[controller] ?? controller}`)}>
      <th scope="row">
        <code>{controller}</code>
      </th>
      <td class="world-container">
        {inside === undefined ? (
          <Gap reason={snapshot.gaps[`container.cgroup.paths.${controller}`]} />
        ) : (
          <code>{inside}</code>
        )}
      </td>
      <td class="world-host">
        {outside !== undefined && (
          <>
            <code>{outside}</code> <Copy text={outside} what={controller} />
          </>
        )}
      </td>
    </tr>
  );
}
