/** Who owns whom, what lies in what, and what keeps a namespace that nobody is in. */
import { number } from "../../i18n/format";
import { t, tn } from "../../i18n/index";
import type { KeptBy, NamespaceGraph, NamespaceObject, Snapshot } from "../../protocol/generated";
import { printable } from "../../state/format";
import type { Marks } from "../../state/marks";
import { type Branch, hierarchy, ownedBy } from "../../state/namespaces";
import { markAttributes, SignMark, useThing } from "../parts";
import { Inode } from "./matrix";
import { processName } from "./words";

interface Props {
  snapshot: Snapshot;
  graph: NamespaceGraph;
  marks: Marks;
}

export function Trees({ snapshot, graph, marks }: Props) {
  return (
    <details class="panel-more">
      <summary>{t("ns.trees")}</summary>
      <div class="ns-trees">
        {(["user", "pid"] as const).map((kind) => (
          <section key={kind} aria-label={t(`ns.tree_${kind}`)}>
            <h4>{t(`ns.tree_${kind}`)}</h4>
            <p class="note">{t(`ns.tree_${kind}_words`)}</p>
            <ul class="ns-tree">
              {hierarchy(graph, kind).map((branch) => (
                <Node key={branch.id} branch={branch} snapshot={snapshot} graph={graph} marks={marks} />
              ))}
            </ul>
          </section>
        ))}
      </div>
    </details>
  );
}

function Node({ branch, snapshot, graph, marks }: Props & { branch: Branch }) {
  const { id, object, children } = branch;
  const own = graph.own[object.kind] === id;
  return (
    <li>
      <div {...useThing(`namespace:${own ? object.kind : id}`)} {...markAttributes(marks, id)} class="ns-node">
        <SignMark sign={marks.signs.get(id)} />
        <span class={object.initial ? "world-host" : "world-container"}>
          <span class="inode mono num">
            <Inode id={id} />
          </span>
        </span>
        <span>
          {t(object.initial ? "ns.of_host" : own ? "ns.of_pid_1" : "ns.made_inside")}
          {object.kind === "user" ? (
            <UserFacts id={id} object={object} graph={graph} />
          ) : (
            <Members snapshot={snapshot} object={object} own={own} />
          )}
        </span>
      </div>
      {children.length > 0 && (
        <ul class="ns-tree">
          {children.map((child) => (
            <Node key={child.id} branch={child} snapshot={snapshot} graph={graph} marks={marks} />
          ))}
        </ul>
      )}
    </li>
  );
}

/** Who made it counts as its owner: root over all that belongs to it. */
function UserFacts({ id, object, graph }: { id: string; object: NamespaceObject; graph: NamespaceGraph }) {
  const owned = ownedBy(graph, id).map(([kind, count]) => (count === 1 ? kind : `${kind} × ${number(count)}`));
  return (
    <span class="ns-facts">
      {object.owner_uid != null && !object.initial && <span>{t("ns.owner_uid", { uid: object.owner_uid })}</span>}
      {owned.length > 0 && (
        <span>
          {t("ns.owns")} <code>{owned.join("  ")}</code>
        </span>
      )}
    </span>
  );
}

function Members({ snapshot, object, own }: { snapshot: Snapshot; object: NamespaceObject; own: boolean }) {
  if (object.initial) return null;
  const first = object.first ?? null;
  return (
    <span class="ns-facts">
      {first !== null && !own && <span>{t("ns.first_is", { who: processName(snapshot, String(first)) })}</span>}
      {!own && object.processes > 0 && <span>{tn("ns.members", object.processes)}</span>}
    </span>
  );
}

interface KeptProps {
  snapshot: Snapshot;
  found: readonly (readonly [string, NamespaceObject])[];
  marks: Marks;
}

/** A namespace ends with its last process, unless something else holds it: this says what. */
export function Kept({ snapshot, found, marks }: KeptProps) {
  return (
    <section class="ns-kept" aria-label={t("ns.kept")}>
      <h4>{t("ns.kept")}</h4>
      <p class="note">{t("ns.kept_words")}</p>
      <ul>
        {found.map(([id, object]) => (
          <Held key={id} id={id} object={object} snapshot={snapshot} marks={marks} />
        ))}
      </ul>
    </section>
  );
}

function Held({ id, object, snapshot, marks }: Omit<KeptProps, "found"> & { id: string; object: NamespaceObject }) {
  return (
    <li {...useThing(`namespace:${id}`)} {...markAttributes(marks, id)}>
      <SignMark sign={marks.signs.get(id)} />
      <span class="world-container">
        <span class="inode mono num">
          <Inode id={id} />
        </span>
      </span>{" "}
      {object.kept_by.map((keeper) => keeperWords(snapshot, keeper)).join(t("ns.and"))}
    </li>
  );
}

function keeperWords(snapshot: Snapshot, { how, pid, path }: KeptBy): string {
  const who = pid == null ? t("ns.somebody") : processName(snapshot, String(pid));
  return t(`ns.kept_${how}`, { who, path: printable(path ?? "?") });
}
