/** The container's mount table beside the host's, by what each mount is for. */
import "./walls.css";
import { memo } from "preact/compat";
import { useMemo, useState } from "preact/hooks";
import { number } from "../../i18n/format";
import { type Key, t } from "../../i18n/index";
import type { Mount, MountTables, Snapshot } from "../../protocol/generated";
import { printable } from "../../state/format";
import type { Marks } from "../../state/marks";
import { type Side, useSurroundings } from "../context";
import { Ask, Gap, markAttributes, SignMark, useThing, Words, World } from "../parts";
import { wouldShow } from "./hidden_paths";
import { propagations } from "./propagation";
import { Waiting } from "./waiting";

interface Props {
  snapshot: Snapshot;
  marks: Marks;
}

const GROUPS = ["root", "own", "api", "device", "cgroup", "scratch", "bound", "readonly", "masked", ""] as const;
type Purpose = (typeof GROUPS)[number];

export const MountsPanel = memo(
  Mounts,
  (a, b) =>
    a.snapshot.walls?.mounts === b.snapshot.walls?.mounts && a.snapshot.gaps === b.snapshot.gaps && a.marks === b.marks,
);

function Mounts({ snapshot, marks }: Props) {
  const tables = snapshot.walls?.mounts ?? null;
  const [filter, setFilter] = useState("");
  if (tables === null) return <Waiting snapshot={snapshot} wall="mounts" />;
  return (
    <div class="mt">
      <p class="note">{t("mt.words")}</p>
      <p class="wall-tools">
        <input
          class="input"
          type="search"
          aria-label={t("mt.filter")}
          placeholder={t("mt.filter_hint")}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
        <Ask panel="mounts" question="mountinfo" title="mountinfo" sides={["container", "host"]} class="mini" />
      </p>
      <div class="mt-sides">
        <Table side="container" snapshot={snapshot} filter={filter} marks={marks} tables={tables} />
        <Table side="host" snapshot={snapshot} filter={filter} marks={marks} tables={tables} />
      </div>
      <Propagations tables={tables} />
    </div>
  );
}

interface TableProps {
  side: Side;
  snapshot: Snapshot;
  filter: string;
  marks: Marks;
  tables: MountTables;
}

function Table({ side, snapshot, filter, marks, tables }: TableProps) {
  const mounts = tables[side];
  const reason = snapshot.gaps[`walls.mounts.${side}`];
  const rows = useMemo(() => matching(mounts, filter), [mounts, filter]);
  const all = Object.keys(mounts).length;
  const total = tables.host_total ?? null;
  const its = `/${snapshot.info.id}/`;
  const purposeOf = (mount: Mount): Purpose => (side === "host" && mount.point.includes(its) ? "own" : mount.purpose);
  return (
    <section class={`mt-side world-${side}`} aria-label={t(side === "container" ? "world.container" : "world.host")}>
      <h4>
        <World side={side} />{" "}
        <span class="muted num">
          {filter === "" ? number(all) : t("mt.shown", { shown: number(rows.length), all: number(all) })}
        </span>
      </h4>
      {side === "host" && total !== null && (
        <p class="note num">{t("mt.host_part", { shown: number(all), total: number(total) })}</p>
      )}
      {reason !== undefined && <Gap reason={reason} />}
      {all === 0 ? (
        reason === undefined && <p class="note">{t("mt.host_none")}</p>
      ) : rows.length === 0 ? (
        <p class="note">{t("mt.no_match", { text: printable(filter) })}</p>
      ) : (
        GROUPS.map((purpose) => (
          <Group
            key={purpose}
            side={side}
            purpose={purpose}
            open={filter !== ""}
            rows={rows.filter(([, mount]) => purposeOf(mount) === purpose)}
            marks={marks}
          />
        ))
      )}
    </section>
  );
}

function matching(mounts: MountTables["container"], filter: string): [string, Mount][] {
  const wanted = filter.trim().toLowerCase();
  return Object.entries(mounts)
    .filter(
      ([, mount]) =>
        wanted === "" ||
        [
          mount.point,
          mount.fstype,
          mount.source,
          mount.options,
          mount.super_options,
          mount.propagation,
          mount.root,
        ].some((text) => text.toLowerCase().includes(wanted)),
    )
    .sort(([a, one], [b, two]) => (one.point < two.point ? -1 : one.point > two.point ? 1 : Number(a) - Number(b)));
}

const groupKey = (purpose: Purpose) => `mt.group_${purpose === "" ? "other" : purpose}` as const;

interface GroupProps {
  side: Side;
  purpose: Purpose;
  rows: [string, Mount][];
  marks: Marks;
  /** A filter is at work: what it found is not to be folded away. */
  open: boolean;
}

const FEW = 4;

function Group({ side, purpose, rows, marks, open }: GroupProps) {
  if (rows.length === 0) return null;
  const key = groupKey(purpose);
  return (
    <details class="mt-group" open={open || rows.length <= FEW}>
      <summary>
        {t(key)} <span class="muted num">{number(rows.length)}</span>
      </summary>
      {/* On the host the same words would be wrong: there it is the machine's own. */}
      {(side === "container" || purpose === "own") && <p class="note">{t(`${key}_words` satisfies Key)}</p>}
      <ul class="mt-list">
        {rows.map(([id, mount]) => (
          <Row key={id} id={id} side={side} purpose={purpose} mount={mount} marks={marks} />
        ))}
      </ul>
    </details>
  );
}

interface RowProps {
  id: string;
  side: Side;
  purpose: Purpose;
  mount: Mount;
  marks: Marks;
}

function Row({ id, side, purpose, mount, marks }: RowProps) {
  const { reveal } = useSurroundings();
  // One file system under two names: the joined root is the container's `/`. Else equal paths are not one thing.
  const twin = purpose === "own" && mount.fstype === "overlay";
  const thing = useThing(
    side === "container" ? `mount:${mount.point}` : twin ? "mount:/" : `mount:host ${mount.point}`,
  );
  const hides = mount.purpose === "masked" || mount.purpose === "readonly" ? wouldShow(mount.point) : null;
  const subtree = mount.root !== "/" && mount.root !== "";
  const marked = side === "container";
  return (
    <li class="mt-row" {...thing} {...(marked ? markAttributes(marks, id) : {})}>
      <p class="mt-point">
        {marked && <SignMark sign={marks.signs.get(id)} />}
        <code class="mt-path">{printable(mount.point)}</code> <code class="badge">{printable(mount.fstype)}</code>{" "}
        {propagations(mount.propagation).map(({ sign, word, raw }) => (
          <span key={raw} class="mt-prop" title={raw}>
            <span aria-hidden="true">{sign}</span> {t(word)}
            {raw.includes(":") && <span class="num muted"> {raw.slice(raw.indexOf(":") + 1)}</span>}
          </span>
        ))}
        {mount.purpose === "root" && mount.fstype === "overlay" && side === "container" && (
          <button type="button" class="mini" title={t("mt.layers_title")} onClick={() => reveal("overlay")}>
            {t("mt.layers")} →
          </button>
        )}
      </p>
      {hides !== null && <p class="note">{t(mount.purpose === "masked" ? "id.hides" : "id.keeps", { what: hides })}</p>}
      <p class="mt-more note">
        {subtree ? (
          <Words
            text={t("mt.from")}
            source={<code>{printable(mount.source)}</code>}
            root={<code>{printable(mount.root)}</code>}
          />
        ) : (
          <code>{printable(mount.source)}</code>
        )}{" "}
        · <code>{printable(mount.options)}</code>
        <span class="sr-only">
          {t("mt.device", { device: mount.device })},{" "}
          {t("mt.super_options", { options: printable(mount.super_options) })}
        </span>
      </p>
    </li>
  );
}

/** Each kind that is there, said once. */
function Propagations({ tables }: { tables: MountTables }) {
  const kinds = useMemo(() => {
    const found = new Map<Key, { sign: string; word: Key }>();
    for (const mount of [...Object.values(tables.container), ...Object.values(tables.host)]) {
      for (const { sign, word, words } of propagations(mount.propagation)) found.set(words, { sign, word });
    }
    return [...found];
  }, [tables]);
  return (
    <div class="mt-legend">
      <h5>{t("mt.prop")}</h5>
      <dl>
        {kinds.map(([words, { sign, word }]) => (
          <div key={words}>
            <dt>
              <span aria-hidden="true">{sign}</span> {t(word)}
            </dt>
            <dd>{t(words)}</dd>
          </div>
        ))}
      </dl>
    </div>
  );
}
