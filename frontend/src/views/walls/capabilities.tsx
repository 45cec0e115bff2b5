/** root's power in parts: which are held, what each allows, and those that are not. */
import { useState } from "preact/hooks";
import { t } from "../../i18n/index";
import type { Identity } from "../../protocol/generated";
import { printable } from "../../state/format";
import { Ask } from "../parts";
import { CAPABILITIES, SETS } from "./capability_names";

export function Capabilities({ identity }: { identity: Identity }) {
  const sets = identity.capabilities;
  const [filter, setFilter] = useState("");
  const held = new Set(sets.effective ?? []);
  const unknown = [...held].filter((name) => !CAPABILITIES.some((one) => one === name)).sort();
  const all = CAPABILITIES.length + unknown.length;
  const wanted = filter.trim().toLowerCase();
  const rows = [
    ...CAPABILITIES.map((name) => ({ name, words: t(`cap.${name}`) })),
    ...unknown.map((name) => ({ name, words: "" })),
  ].filter(({ name, words }) => name.toLowerCase().includes(wanted) || words.toLowerCase().includes(wanted));
  const has = rows.filter(({ name }) => held.has(name));
  const hasNot = rows.filter(({ name }) => !held.has(name));
  return (
    <section class="id-caps" aria-label={t("id.caps")}>
      <h4>
        {t("id.caps")}{" "}
        <Ask panel="identity" question="status" title="CapEff" sides={["container", "host"]} class="mini" />
      </h4>
      <p class="note">{t("id.caps_words", { all })}</p>
      <p class="wall-tools">
        <input
          class="input"
          type="search"
          aria-label={t("id.filter")}
          placeholder={t("id.filter_hint")}
          value={filter}
          onInput={(event) => setFilter(event.currentTarget.value)}
        />
      </p>
      {rows.length === 0 && <p class="note">{t("id.no_match", { text: printable(filter) })}</p>}
      <h5 class="num">{t("id.caps_held", { held: held.size, all })}</h5>
      <List rows={has} held />
      <details class="id-missing" open={wanted !== "" && hasNot.length > 0}>
        <summary class="num">{t("id.caps_missing", { count: all - held.size })}</summary>
        <List rows={hasNot} held={false} />
      </details>
      <h5>{t("id.sets")}</h5>
      <dl class="id-sets">
        {SETS.map((set) => {
          const count = sets[set]?.length ?? 0;
          return (
            <div key={set}>
              <dt>{t(`id.set_${set}`)}</dt>
              <dd>
                <span class="num">{count === 0 ? t("id.empty") : t("id.set_count", { count, all })}</span>{" "}
                <span class="muted">{t(`id.set_${set}_words`)}</span>
              </dd>
            </div>
          );
        })}
      </dl>
    </section>
  );
}

function List({ rows, held }: { rows: readonly { name: string; words: string }[]; held: boolean }) {
  return (
    <ul class={held ? "id-list held" : "id-list"}>
      {rows.map(({ name, words }) => (
        <li key={name}>
          <span class="id-mark" title={t(held ? "id.held" : "id.not_held")}>
            <span aria-hidden="true">{held ? "✓" : "–"}</span>
            <span class="sr-only">{t(held ? "id.held" : "id.not_held")}</span>
          </span>{" "}
          <code>{name}</code> <span class="id-words">{words}</span>
        </li>
      ))}
    </ul>
  );
}
