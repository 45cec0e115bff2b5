/** Panes and names among a terminal's actions. */
import { t } from "../i18n/index";
import type { Bench } from "../pages/bench";
import type { MenuItem } from "../ui/menu";
import { narrow } from "../ui/preferences";
import type { Tab } from "./book";
import { shown } from "./layout";
import { naming, tabName } from "./tab_name";

/** Tabs offered for a pane beside this one; more than that are dragged there. */
const MOST = 5;

export function arranging(bench: Bench, tab: Tab | null): readonly MenuItem[] {
  if (tab === null) return [];
  const { book } = bench;
  const rename: MenuItem = {
    label: t("tabs.rename"),
    onSelect: () => {
      naming.value = tab.id;
    },
  };
  const close: MenuItem[] = tab.console
    ? []
    : [{ label: t("tabs.close_action"), icon: "close", onSelect: () => void bench.closeTerminal(tab) }];
  if (narrow.value) return [rename, ...close];
  const visible = shown(book.layout.value);
  const hidden = book.tabs.value.filter((other) => !visible.includes(other.id)).slice(0, MOST);
  const split = (way: "right" | "down"): MenuItem => ({
    label: t(way === "right" ? "panes.split_right" : "panes.split_down"),
    icon: way === "right" ? "splitRight" : "splitDown",
    disabled: book.full || bench.condition.value !== "running",
    onSelect: () => void bench.openTerminal(way),
  });
  return [
    rename,
    split("right"),
    split("down"),
    ...hidden.map(
      (other): MenuItem => ({
        label: t("panes.beside", { name: tabName(other) }),
        icon: "splitRight",
        onSelect: () => book.split(tab.id, "right", other.id),
      }),
    ),
    ...(visible.length > 1
      ? [{ label: t("panes.close_item"), onSelect: () => book.closePane(tab.id) } satisfies MenuItem]
      : []),
    ...close,
  ];
}
