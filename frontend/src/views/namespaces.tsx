/** The kinds of namespace: the host's, PID 1's, and those made inside. */
import { memo } from "preact/compat";
import { t } from "../i18n/index";
import type { Snapshot } from "../protocol/generated";
import type { Marks } from "../state/marks";
import { KINDS, kept, nestedSets } from "../state/namespaces";
import { Kept, Trees } from "./namespaces/hierarchy";
import { Matrix } from "./namespaces/matrix";
import { OneProcess } from "./namespaces/one_process";
import { processName } from "./namespaces/words";

interface Props {
  snapshot: Snapshot;
  marks: Marks;
}

export function Namespaces({ snapshot, marks }: Props) {
  return (
    <div class="ns">
      <Shown snapshot={snapshot} marks={marks} />
      <OneProcess snapshot={snapshot} />
    </div>
  );
}

/** A fork is no reason to draw anything, nor are figures that tick. */
const Shown = memo(All, (a, b) => {
  const [one, two] = [a.snapshot, b.snapshot];
  return (
    one.container.namespaces === two.container.namespaces &&
    one.host.namespaces === two.host.namespaces &&
    one.graph === two.graph &&
    (one.container.processes === two.container.processes || sameNames(one, two)) &&
    one.gaps === two.gaps &&
    a.marks === b.marks
  );
});

/** Of those that have a column or stand for one. */
function sameNames(one: Snapshot, two: Snapshot): boolean {
  return Object.keys(two.graph?.differs ?? {}).every((key) => {
    const [a, b] = [one.container.processes[key], two.container.processes[key]];
    return a?.comm === b?.comm && a?.pid === b?.pid && (a?.state === "Z") === (b?.state === "Z");
  });
}

function All({ snapshot, marks }: Props) {
  const none = KINDS.every((kind) => !snapshot.container.namespaces[kind]?.id);
  const graph = snapshot.graph ?? null;
  const sets = graph === null ? [] : nestedSets(graph, snapshot.container.processes);
  const alone = graph === null ? [] : kept(graph);
  return (
    <div class="ns-all" data-none={none ? "true" : undefined}>
      {none && <p class="empty">{t("ns.none_words")}</p>}
      <Matrix snapshot={snapshot} marks={marks} sets={sets} />
      <Made snapshot={snapshot} marks={marks} />
      {sets.some((set) => Object.values(set.differs).includes("")) && <p class="ns-lesson">{t("ns.pending_words")}</p>}
      <p class="note">
        {t("ns.note")} {t("ns.legend")}
      </p>
      {alone.length > 0 && <Kept snapshot={snapshot} found={alone} marks={marks} />}
      {graph !== null && <Trees snapshot={snapshot} graph={graph} marks={marks} />}
    </div>
  );
}

/** Who made the newest, for as long as they are marked as new. */
function Made({ snapshot, marks }: Props) {
  const { graph } = snapshot;
  if (!graph) return null;
  const fresh = [...marks.signs].flatMap(([id, sign]) => {
    const object = graph.objects[id];
    return sign === "+" && object && !object.initial ? [{ id, first: object.first ?? null }] : [];
  });
  const by = new Map<number | null, string[]>();
  for (const { id, first } of fresh) by.set(first, [...(by.get(first) ?? []), id]);
  return (
    <>
      {[...by].map(([pid, ids]) => (
        <p class="ns-made" key={pid ?? 0}>
          <span aria-hidden="true" class="sign">
            +
          </span>
          {pid === null
            ? t("ns.made_alone", { ids: ids.join(" ") })
            : t("ns.made", { who: processName(snapshot, String(pid)), ids: ids.join(" ") })}
        </p>
      ))}
    </>
  );
}
