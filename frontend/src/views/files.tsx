/** Every kernel file behind the cgroup panel, under its own name, whole and unrounded. */
import { number } from "../i18n/format";
import { t } from "../i18n/index";
import type { Cgroup, Snapshot } from "../protocol/generated";
import { Ask, Folded, Gap } from "./parts";

const SECTIONS = ["memory", "cpu", "pids", "io"] as const;
type Value = Cgroup["memory"][string] | undefined;

export function Files({ snapshot }: { snapshot: Snapshot }) {
  const { cgroup } = snapshot.container;
  return (
    <Folded summary={t("files.title")}>
      {() => (
        <table class="files">
          <tbody>
            {SECTIONS.flatMap((section) =>
              names(snapshot, section).map((name) => (
                <tr key={`${section}/${name}`}>
                  <th scope="row">
                    <Ask panel="cgroup" question={`${section}/${name}`} title={name} sides={["container", "host"]}>
                      <code>{name}</code>
                    </Ask>
                  </th>
                  <td class="num mono">
                    <Raw value={cgroup[section][name]} reason={snapshot.gaps[`container.cgroup.${section}.${name}`]} />
                  </td>
                </tr>
              )),
            )}
          </tbody>
        </table>
      )}
    </Folded>
  );
}

/** Files that were read, and those a reason is given for: an absent file is absent from the figures too. */
function names(snapshot: Snapshot, section: (typeof SECTIONS)[number]): string[] {
  const prefix = `container.cgroup.${section}.`;
  const absent = Object.keys(snapshot.gaps).flatMap((gap) =>
    gap.startsWith(prefix) ? [gap.slice(prefix.length)] : [],
  );
  return [...new Set([...Object.keys(snapshot.container.cgroup[section]), ...absent])];
}

function Raw({ value, reason }: { value: Value; reason: string | undefined }) {
  if (value === null || value === undefined) return <Gap reason={reason} />;
  if (typeof value !== "object") return <>{typeof value === "number" ? number(value) : value}</>;
  return (
    <ul class="keyed">
      {Object.entries(value).map(([key, one]) => (
        <li key={key}>
          <span>{key}</span> <b>{typeof one === "number" ? number(one) : one}</b>
        </li>
      ))}
    </ul>
  );
}
