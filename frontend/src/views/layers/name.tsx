/** A path that can be asked where it comes from. */
import type { ComponentChildren } from "preact";
import { t } from "../../i18n/index";
import { printable } from "../../state/format";
import { useSurroundings } from "../context";

/** `children`: how it is written; the path itself where there are none. */
export function PathButton({ path, children }: { path: string; children?: ComponentChildren }) {
  const { reveal } = useSurroundings();
  return (
    <button
      type="button"
      class="ov-name mono"
      title={t("lay.where_from", { path: printable(path) })}
      onClick={() => reveal("overlay", `file:${path}`)}
    >
      {children ?? printable(path)}
    </button>
  );
}
