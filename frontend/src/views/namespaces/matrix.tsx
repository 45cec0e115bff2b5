/** Kinds against worlds: made inside, PID 1's, the host's; from the innermost to the outermost. */
import { t } from "../../i18n/index";
import type { Snapshot } from "../../protocol/generated";
import type { Marks } from "../../state/marks";
import {
  hostId,
  initId,
  LINKS,
  type LinkName,
  type NamespaceSet,
  type Relation,
  relation,
} from "../../state/namespaces";
import { Ask, Gap, markAttributes, SignMark, useThing, World } from "../parts";
import { processName } from "./words";

interface Props {
  snapshot: Snapshot;
  marks: Marks;
  sets: readonly NamespaceSet[];
}

export function Matrix({ snapshot, marks, sets }: Props) {
  const table = (
    <table
      class="ns-table"
      style={{ "--sets": String(sets.length) }}
      data-nested={sets.length > 0 ? "true" : undefined}
    >
      <caption class="sr-only">{t(sets.length > 0 ? "ns.caption_nested" : "ns.caption")}</caption>
      <thead>
        <tr>
          <th scope="col">{t("ns.kind")}</th>
          {sets.map((set) => (
            <SetHead key={set.key} set={set} snapshot={snapshot} marks={marks} />
          ))}
          <th scope="col">
            <World side="container" />
            {sets.length > 0 && <span class="ns-who">PID 1</span>}
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
        {LINKS.map((link) =>
          // Without the graph nothing is known of the two that speak of children.
          link.endsWith("_for_children") && initId(snapshot, link) === null ? null : (
            <KindRow key={link} link={link} snapshot={snapshot} marks={marks} sets={sets} />
          ),
        )}
      </tbody>
    </table>
  );
  if (sets.length === 0) return table;
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section class="ns-scroll" tabIndex={0} aria-label={t("ns.caption_nested")}>
      {table}
    </section>
  );
}

function SetHead({ set, snapshot, marks }: { set: NamespaceSet; snapshot: Snapshot; marks: Marks }) {
  const fresh = Object.values(set.differs).some((id) => marks.signs.get(id) === "+");
  return (
    <th scope="col" {...useThing(`process:${set.key}`)}>
      <span class="world-container world-label">
        {fresh && <SignMark sign="+" />}
        {t("ns.nested")}
      </span>
      <span class="ns-who">{processName(snapshot, set.key)}</span>
      {set.pids.length > 1 && (
        <span class="ns-who" title={set.pids.map((pid) => processName(snapshot, pid)).join(", ")}>
          {t("ns.and_more", { count: set.pids.length - 1 })}
        </span>
      )}
    </th>
  );
}

interface RowProps extends Props {
  link: LinkName;
}

function KindRow({ link, snapshot, marks, sets }: RowProps) {
  const inside = initId(snapshot, link);
  const outside = hostId(snapshot, link);
  const told = snapshot.container.namespaces[link]?.same_as_host ?? null;
  const shared = told ?? (inside && outside ? inside === outside : null);
  const ofChildren = link.endsWith("_for_children");
  return (
    <tr
      {...useThing(`namespace:${link}`)}
      {...markAttributes(marks, link)}
      class={`${shared === true ? "shared" : shared === false ? "own" : "unknown"}${ofChildren ? " of-children" : ""}`}
    >
      <th scope="row">
        <SignMark sign={marks.signs.get(link)} />
        <code>
          {ofChildren ? (
            <>
              {link.slice(0, link.indexOf("_"))}
              <wbr />
              {link.slice(link.indexOf("_"))}
            </>
          ) : (
            link
          )}
        </code>
      </th>
      {sets.map((set) => {
        const id = set.differs[link] ?? inside;
        return <NestedCell key={set.key} id={id} is={relation(id, outside, inside)} link={link} pid={set.key} />;
      })}
      <td class={shared === true ? "world-host" : "world-container"} data-word={shared ? t("ns.same") : undefined}>
        {inside ? (
          <Ask
            panel="namespaces"
            question={link}
            title={inside}
            side="container"
            sides={ofChildren ? ["container"] : ["container", "host"]}
            class="inode mono num"
          >
            <Inode id={inside} />
          </Ask>
        ) : (
          <Gap reason={gap(snapshot, "container", link)} />
        )}
      </td>
      <td class="ns-sign">
        <Verdict shared={shared} />
      </td>
      <td class="world-host">
        {ofChildren ? (
          <span class="muted">{t("ns.as_its_own")}</span>
        ) : outside ? (
          <Ask
            panel="namespaces"
            question={link}
            title={outside}
            side="host"
            sides={["container", "host"]}
            class="inode mono num"
          >
            <Inode id={outside} />
          </Ask>
        ) : (
          <Gap reason={gap(snapshot, "host", link)} />
        )}
      </td>
      <td class="ns-what">
        <span>
          {t(shared === true && link === "time" ? "ns.time_shared" : `ns.${link}`, { host_id: snapshot.info.host_id })}
        </span>
      </td>
    </tr>
  );
}

const WORDS = {
  initial: "ns.same",
  shared: "ns.as_pid_1",
  own: "ns.own",
  pending: "ns.pending",
  unknown: "ns.unknown",
} as const satisfies Record<Relation, string>;

function NestedCell({ id, is, link, pid }: { id: string | null; is: Relation; link: LinkName; pid: string }) {
  const word = t(WORDS[is]);
  return (
    <td class={`ns-nested is-${is} ${is === "initial" ? "world-host" : "world-container"}`}>
      {id ? (
        <Ask panel="namespaces" question={`${pid}/${link}`} title={id} sides={["container"]} class="inode mono num">
          <Inode id={id} />
        </Ask>
      ) : (
        <span class="inode mono" title={t("ns.pending_words")}>
          {is === "pending" ? "ENOENT" : "?"}
        </span>
      )}
      <span class="ns-word">{word}</span>
    </td>
  );
}

/** `mnt:[4026532418]`; where room is short the row's head says the kind. */
export function Inode({ id }: { id: string }) {
  const match = /^(\w+:\[)(\d+)(\])$/.exec(id);
  if (!match) return <>{id}</>;
  return (
    <>
      <span class="inode-kind">{match[1]}</span>
      {match[2]}
      <span class="inode-kind">{match[3]}</span>
    </>
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

function gap(snapshot: Snapshot, side: "container" | "host", link: LinkName): string | undefined {
  const base = `${side}.namespaces.${link}`;
  return snapshot.gaps[`${base}.id`] ?? snapshot.gaps[base] ?? snapshot.gaps["graph.own"];
}
