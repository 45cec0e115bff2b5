/** Isolation: its own place in the tree, and what it sees of the tree from inside. */
import { memo } from "preact/compat";
import { t } from "../../i18n/index";
import type { Snapshot } from "../../protocol/generated";
import { asking } from "../figures";
import { Ask, Words } from "../parts";
import { Where } from "../where";
import { keyOf } from "./names";
import { Part } from "./part";

export const Isolation = memo(Shown, (a, b) => {
  const [one, two] = [a.snapshot, b.snapshot];
  return (
    one.container.cgroup.paths === two.container.cgroup.paths &&
    one.host.cgroup.paths === two.host.cgroup.paths &&
    cpusOf(one) === cpusOf(two) &&
    one.gaps === two.gaps
  );
});

function cpusOf({ container: { cgroup } }: Snapshot) {
  const key = keyOf(cgroup, "cpus");
  return key === null ? null : cgroup.cpu[key.slice(key.indexOf("/") + 1)];
}

function Shown({ snapshot }: { snapshot: Snapshot }) {
  const key = keyOf(snapshot.container.cgroup, "cpus");
  const cpus = cpusOf(snapshot);
  const outside = Object.values(snapshot.host.cgroup.paths)[0];
  return (
    <Part name="isolation">
      <ul class="cg-says-list">
        {outside !== undefined && (
          <li>
            <Words text={t("cg.own_root")} inside={<code>/</code>} outside={<code>{tail(outside)}</code>} />
          </li>
        )}
        {key !== null && cpus != null && typeof cpus !== "object" && (
          <li>
            <Words
              text={t("cg.own_cpus")}
              cpus={
                <Ask {...asking(key, "cpus")}>
                  <b class="mono">{cpus}</b>
                </Ask>
              }
            />
          </li>
        )}
        <li>{t("cg.own_kill")}</li>
      </ul>
      <Where snapshot={snapshot} />
    </Part>
  );
}

/** `/sys/fs/cgroup/memory/terrarium/k3v9` → `/terrarium/k3v9`: what the group is called in its hierarchy. */
function tail(path: string): string {
  const parts = path.split("/");
  return `/${parts.slice(-2).join("/")}`;
}
