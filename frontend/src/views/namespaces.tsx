/** The eight kinds of namespace, host against container. */
import { memo } from "preact/compat";
import { t } from "../i18n/index";
import type { Snapshot } from "../protocol/generated";
import type { Marks } from "../state/marks";
import { Ask, Gap, markAttributes, SignMark, useThing, World } from "./parts";

/** As `/proc/PID/ns` spells them. */
export const KINDS = ["mnt", "pid", "net", "ipc", "uts", "user", "cgroup", "time"] as const;
type Kind = (typeof KINDS)[number];

interface Props {
  snapshot: Snapshot;
  marks: Marks;
}

export const Namespaces = memo(Matrix, (a, b) => {
  const [one, two] = [a.snapshot, b.snapshot];
  return (
    one.container.namespaces === two.container.namespaces &&
    one.host.namespaces === two.host.namespaces &&
    one.gaps === two.gaps &&
    a.marks === b.marks
  );
});

function Matrix({ snapshot, marks }: Props) {
  const none = KINDS.every((kind) => !snapshot.container.namespaces[kind]?.id);
  return (
    <div class="ns" data-none={none ? "true" : undefined}>
      {none && <p class="empty">{t("ns.none_words")}</p>}
      <table class="ns-table">
        <caption class="sr-only">{t("ns.caption")}</caption>
        <thead>
          <tr>
            <th scope="col">{t("ns.kind")}</th>
            <th scope="col">
              <World side="container" />
            </th>
            <th scope="col">
              <span class="sr-only">{t("ns.compare")}</span>
            </th>
            <th scope="col">
              <World side="host" />
            </th>
            <th scope="col" class="ns-what">
              {t("ns.what")}
            </th>
          </tr>
        </thead>
        <tbody>
          {KINDS.map((kind) => (
            <KindRow key={kind} kind={kind} snapshot={snapshot} marks={marks} />
          ))}
        </tbody>
      </table>
      <p class="note">{t("ns.note")}</p>
    </div>
  );
}

function KindRow({ kind, snapshot, marks }: Props & { kind: Kind }) {
  const inside = snapshot.container.namespaces[kind];
  const outside = snapshot.host.namespaces[kind];
  const shared = inside?.same_as_host ?? null;
  const ask = { panel: "namespaces", question: kind } as const;
  return (
    <tr
      {...useThing(`namespace:${kind}`)}
      {...markAttributes(marks, kind)}
      class={shared === true ? "shared" : shared === false ? "own" : "unknown"}
    >
      <th scope="row">
        <SignMark sign={marks.signs.get(kind)} />
        <code>{kind}</code>
      </th>
      <td class={shared === true ? "world-host" : "world-container"} data-word={shared ? t("ns.same") : undefined}>
        {inside?.id ? (
          <Ask {...ask} title={inside.id} side="container" sides={["container", "host"]} class="inode mono num">
            {inside.id}
          </Ask>
        ) : (
          <Gap reason={gap(snapshot, "container", kind)} />
        )}
      </td>
      <td class="ns-sign">
        <Verdict shared={shared} />
      </td>
      <td class="world-host">
        {outside?.id ? (
          <Ask {...ask} title={outside.id} side="host" sides={["container", "host"]} class="inode mono num">
            {outside.id}
          </Ask>
        ) : (
          <Gap reason={gap(snapshot, "host", kind)} />
        )}
      </td>
      <td class="ns-what">
        <span>
          {t(shared === true && kind === "time" ? "ns.time_shared" : `ns.${kind}`, { host_id: snapshot.info.host_id })}
        </span>
      </td>
    </tr>
  );
}

function Verdict({ shared }: { shared: boolean | null }) {
  if (shared === null) return <span title={t("ns.unknown")}>?</span>;
  return (
    <>
      <span aria-hidden="true" class="glyph">
        {shared ? "=" : "≠"}
      </span>
      <span class="word">{t(shared ? "ns.same" : "ns.own")}</span>
    </>
  );
}

function gap(snapshot: Snapshot, side: "container" | "host", kind: Kind): string | undefined {
  const base = `${side}.namespaces.${kind}`;
  return snapshot.gaps[`${base}.id`] ?? snapshot.gaps[base];
}
