/** The uid map as a ruler: the container's ids above, the host's below, and what is one joined. */
import { useState } from "preact/hooks";
import { number } from "../../i18n/format";
import { t, tn } from "../../i18n/index";
import type { Identity, IdRange } from "../../protocol/generated";
import { Ask, useThing, World } from "../parts";
import { isIdentity, places, type Side, type Stretch, sameMap, stretches, translate } from "./id_map";

export function IdMaps({ identity }: { identity: Identity }) {
  const { uid_map: uids, gid_map: gids } = identity;
  const same = sameMap(uids, gids);
  return (
    <section class="id-maps" aria-label={t("id.map")}>
      <h4>{t("id.map")}</h4>
      <p class="note">{mapWords(uids)}</p>
      <Ruler kind="uid" map={uids} />
      {same ? (
        <p class="note">
          {t("id.same_gid")} <Source kind="gid" />
        </p>
      ) : (
        <Ruler kind="gid" map={gids} />
      )}
      <Translator map={uids} />
      <p class="note">
        {t("id.nobody")} {t("id.scale")}
      </p>
    </section>
  );
}

function mapWords(map: readonly IdRange[]): string {
  const [first] = map;
  if (first === undefined) return t("id.map_none");
  if (isIdentity(map)) return t("id.map_same");
  if (map.length === 1 && first.inside === 0) return t("id.map_words", { base: first.outside });
  return t("id.map_many");
}

const Source = ({ kind }: { kind: "uid" | "gid" }) => (
  <Ask panel="identity" question={`${kind}_map`} title={`${kind}_map`} sides={["container", "host"]} class="mini" />
);

function Ruler({ kind, map }: { kind: "uid" | "gid"; map: readonly IdRange[] }) {
  const inside = stretches(map, "inside");
  const outside = stretches(map, "outside");
  return (
    <figure class="id-ruler" {...useThing(`identity:${kind}_map`)}>
      <figcaption>
        <code>{kind}</code> <Source kind={kind} />
      </figcaption>
      <Track side="inside" all={inside} />
      <Joints map={map} inside={inside} outside={outside} />
      <Track side="outside" all={outside} />
    </figure>
  );
}

function Track({ side, all }: { side: Side; all: readonly Stretch[] }) {
  const world = side === "inside" ? "container" : "host";
  return (
    <div class={`id-track world-${world}`}>
      <World side={world} />
      <ol>
        {all.map(({ from, to, range }) => (
          <li
            key={from}
            class={range === null ? "id-gap" : "id-range"}
            style={{ flex: range === null ? 2 : 3 }}
            title={`${number(from)} – ${number(to)}, ${tn("id.count", to - from + 1)}`}
          >
            <span class="num">{from}</span>
            <span class="id-what">{range === null ? t("id.not_mapped") : tn("id.count", to - from + 1)}</span>
            <span class="num">{to}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

interface JointsProps {
  map: readonly IdRange[];
  inside: readonly Stretch[];
  outside: readonly Stretch[];
}

/** From each mapped stretch to its twin. */
function Joints({ map, inside, outside }: JointsProps) {
  const above = places(inside);
  const below = places(outside);
  return (
    <svg class="id-joints" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">
      {map.map((range, index) => {
        const a = above[inside.findIndex((one) => one.range === index)];
        const b = below[outside.findIndex((one) => one.range === index)];
        if (!a || !b) return null;
        return (
          <path
            key={range.inside}
            d={`M${a.left} 0 L${a.left + a.width} 0 L${b.left + b.width} 20 L${b.left} 20 Z`}
            vector-effect="non-scaling-stroke"
          />
        );
      })}
    </svg>
  );
}

/** One id, typed on either side, and what it is on the other. */
function Translator({ map }: { map: readonly IdRange[] }) {
  const [text, setText] = useState("0");
  const [side, setSide] = useState<Side>("inside");
  const id = /^\d{1,10}$/.test(text) ? Number(text) : null;
  const twin = id === null ? null : translate(map, id, side);
  const shown = (mine: Side): string => (mine === side ? text : twin === null ? "" : String(twin));
  return (
    <div class="id-translator">
      {(["inside", "outside"] as const).map((mine) => (
        <label key={mine} class={mine === "inside" ? "world-container" : "world-host"}>
          {t(mine === "inside" ? "id.ask_inside" : "id.ask_outside")}
          <input
            class="input num mono"
            inputMode="numeric"
            value={shown(mine)}
            placeholder={mine === side ? "0" : "–"}
            maxLength={10}
            onInput={(event) => {
              setSide(mine);
              setText(event.currentTarget.value);
            }}
          />
        </label>
      ))}
      <p class="num" role="status">
        {id === null
          ? ""
          : twin === null
            ? side === "inside"
              ? t("id.answer_inside_none", { inside: id })
              : t("id.answer_outside_none", { outside: id })
            : t("id.answer", { inside: side === "inside" ? id : twin, outside: side === "inside" ? twin : id })}
      </p>
    </div>
  );
}
