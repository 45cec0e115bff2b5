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
    : [{ label: t("tabs.close_action"), onSelect: () => void bench.closeTerminal(tab) }];
  if (narrow.value) return [rename, ...close];
  const visible = shown(book.layout.value);
  const hidden = book.tabs.value.filter((other) => !visible.includes(other.id)).slice(0, MOST);
  return [
    rename,
    ...hidden.map(
      (other): MenuItem => ({
        label: t("panes.beside", { name: tabName(other) }),
        onSelect: () => book.split(tab.id, "right", other.id),
      }),
    ),
    ...(visible.length > 1
      ? [{ label: t("panes.close_item"), onSelect: () => book.closePane(tab.id) } satisfies MenuItem]
      : []),
    ...close,
  ];
}
