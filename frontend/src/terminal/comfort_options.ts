/** A terminal's menu: what makes it comfortable. */
import { t } from "../i18n/index";
import type { MenuGroup, MenuItem } from "../ui/menu";
import { latencyShown, resize } from "./comfort";
import { fontSize, SIZES, USUAL_SIZE } from "./font";
import type { Tab } from "./tab";
import type { What } from "./wishes";

const wish = (tab: Tab | null, what: What) => () => {
  const screen = tab?.parts.peek()?.screen;
  if (screen !== undefined) screen.wish.value = { what };
};

export function finding(_bench: unknown, tab: Tab | null): readonly MenuItem[] {
  if (!tab?.parts.value) return [];
  return [
    { label: t("menu.find"), onSelect: wish(tab, "find") },
    { label: t("menu.links"), onSelect: wish(tab, "links") },
  ];
}

export function latency(_bench: unknown, tab: Tab | null): readonly MenuItem[] {
  if (!tab?.parts.value) return [];
  return [{ label: t("latency.show"), on: latencyShown.value, onSelect: wish(tab, "latency") }];
}

export function letters(): MenuGroup {
  const size = fontSize.value;
  return {
    label: t("font.letters"),
    row: true,
    items: [
      {
        label: t("font.smaller"),
        sign: "A−",
        stays: true,
        disabled: size === SIZES[0],
        onSelect: () => resize("smaller"),
      },
      {
        label: t("font.usual", { size }),
        sign: t("font.size", { size }),
        stays: true,
        disabled: size === USUAL_SIZE,
        onSelect: () => resize("usual-size"),
      },
      {
        label: t("font.larger"),
        sign: "A+",
        stays: true,
        disabled: size === SIZES.at(-1),
        onSelect: () => resize("larger"),
      },
    ],
  };
}
