/** A terminal's menu: what makes it comfortable. */
import { t } from "../i18n/index";
import type { MenuItem } from "../ui/menu";
import { latencyShown } from "./comfort";
import { fontSize, SIZES, USUAL_SIZE } from "./font";
import type { Tab } from "./tab";
import type { What } from "./wishes";

export function comfort(_bench: unknown, tab: Tab | null): readonly MenuItem[] {
  const screen = tab?.parts.value?.screen;
  if (screen === undefined) return [];
  const does = (what: What) => () => {
    screen.wish.value = { what };
  };
  const size = fontSize.value;
  return [
    { label: t("menu.find"), onSelect: does("find") },
    { label: t("menu.links"), onSelect: does("links") },
    { label: t("font.larger"), disabled: size === SIZES.at(-1), onSelect: does("larger") },
    { label: t("font.smaller"), disabled: size === SIZES[0], onSelect: does("smaller") },
    { label: t("font.usual", { size }), disabled: size === USUAL_SIZE, onSelect: does("usual-size") },
    { label: t("latency.show"), checked: latencyShown.value, onSelect: does("latency") },
  ];
}
