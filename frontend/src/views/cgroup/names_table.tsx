/** Every figure by both its names, so that what is learnt on one host is found on the next. */
import { bytes, number } from "../../i18n/format";
import { t } from "../../i18n/index";
import type { Cgroup, Snapshot } from "../../protocol/generated";
import { formOf } from "../../state/accounting";
import { usec } from "../../state/format";
import { asking } from "../figures";
import { Ask, Folded } from "../parts";
import { FIGURES, type Figure, type FigureName, fileOf, keyOf } from "./names";

export function BothNames({ snapshot }: { snapshot: Snapshot }) {
  return <Folded summary={t("cg.names")}>{() => <Table snapshot={snapshot} />}</Folded>;
}

function Table({ snapshot }: { snapshot: Snapshot }) {
  const { cgroup } = snapshot.container;
  const form = formOf(cgroup);
  const mark = (one: "v1" | "v2") => one === form && <span class="badge">{t("cg.here")}</span>;
  return (
    <>
      <p class="note">{t("cg.names_words")}</p>
      <table class="names">
        <thead>
          <tr>
            <th scope="col">{t("cg.figure")}</th>
            <th scope="col">cgroup v1 {mark("v1")}</th>
            <th scope="col">cgroup v2 {mark("v2")}</th>
            <th scope="col">{t("cg.now")}</th>
          </tr>
        </thead>
        <tbody>
          {(Object.keys(FIGURES) as FigureName[]).map((name) => (
            <Row key={name} name={name} cgroup={cgroup} form={form} />
          ))}
        </tbody>
      </table>
    </>
  );
}

function Row({ name, cgroup, form }: { name: FigureName; cgroup: Cgroup; form: "v1" | "v2" }) {
  const figure: Figure = FIGURES[name];
  const key = keyOf(cgroup, name);
  const now = present(cgroup, figure, form);
  return (
    <tr>
      <th scope="row">{t(figure.words)}</th>
      {(["v1", "v2"] as const).map((one) => (
        <td key={one} data-here={one === form ? "true" : undefined}>
          {figure[one] === null ? <span class="muted">{t("cg.no_file")}</span> : <code>{figure[one]}</code>}
        </td>
      ))}
      <td class="num">{key !== null && now !== null ? <Ask {...asking(key, name)}>{now}</Ask> : now}</td>
    </tr>
  );
}

function present(cgroup: Cgroup, figure: Figure, form: "v1" | "v2"): string | null {
  if (figure.section === "control") return null;
  const written = figure[form] ?? figure.v2 ?? "";
  const file = cgroup[figure.section][fileOf(written)];
  const line = /: (\w+)$/.exec(written)?.[1];
  if (figure.field) {
    const value = cgroup.summary[figure.field] ?? null;
    if (value === null) return null;
    if (figure.field.endsWith("_usec")) return usec(value);
    return figure.field.endsWith("_bytes") ? bytes(value) : number(value);
  }
  const value = line && typeof file === "object" && file !== null ? file[line] : file;
  if (value == null) return null;
  if (typeof value === "object") return value["some avg10"] == null ? null : `some ${value["some avg10"]} %`;
  if (typeof value === "string") return value;
  if (value >= 2 ** 62) return t("cg.no_limit");
  return figure.section === "memory" && figure.v1 !== "memory.failcnt" ? bytes(value) : number(value);
}
