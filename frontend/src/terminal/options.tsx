/** The menu of a terminal: each feature adds its group with one line. */
import { t } from "../i18n/index";
import type { Bench } from "../pages/bench";
import { Icon } from "../ui/icons";
import { Menu, type MenuGroup, type MenuItem } from "../ui/menu";
import { isBoolean, remembered } from "../ui/preferences";
import { arranging } from "./arranging";
import type { Tab } from "./book";
import { finding, latency, letters } from "./comfort_options";
import { fileOptions } from "./files/options";
import { recordingOptions } from "./recording/options";
import { sharing } from "./sharing/button";

/** What can be done with the terminal in front, null when there is none. Called each time the menu is drawn. */
export type Options = (bench: Bench, tab: Tab | null) => readonly MenuItem[];

export const screenReader = remembered("terminal.screen-reader", false, isBoolean);

const reading: Options = () => [
  {
    label: t("terminal.screen_reader"),
    on: screenReader.value,
    onSelect: () => {
      screenReader.value = !screenReader.value;
    },
  },
];

/** Those of one line stand together. */
const OPTIONS: readonly (readonly Options[])[] = [
  [finding],
  [arranging],
  [sharing, recordingOptions],
  [fileOptions],
  [latency, reading],
];

function groupsOf(bench: Bench, tab: Tab | null): readonly MenuGroup[] {
  const groups: MenuGroup[] = OPTIONS.map((several) => ({ items: several.flatMap((options) => options(bench, tab)) }));
  if (tab?.parts.value) groups.push(letters());
  return groups.filter(({ items }) => items.length > 0);
}

export function OptionsMenu({ bench, tab }: { bench: Bench; tab: Tab | null }) {
  return (
    <Menu label={t("terminal.options")} class="button icon small" groups={groupsOf(bench, tab)}>
      <Icon name="more" />
    </Menu>
  );
}
