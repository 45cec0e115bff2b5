/** The menu of a terminal: each feature adds its items with one line. */
import { t } from "../i18n/index";
import type { Bench } from "../pages/bench";
import { Icon } from "../ui/icons";
import { Menu, type MenuItem } from "../ui/menu";
import { isBoolean, remembered } from "../ui/preferences";
import { arranging } from "./arranging";
import type { Tab } from "./book";
import { comfort } from "./comfort_options";
import { fileOptions } from "./files/options";
import { recordingOptions } from "./recording/options";
import { sharing } from "./sharing/button";

/** What can be done with the terminal in front, null when there is none. Called each time the menu is drawn. */
export type Options = (bench: Bench, tab: Tab | null) => readonly MenuItem[];

export const screenReader = remembered("terminal.screen-reader", false, isBoolean);

const reading: Options = () => [
  {
    label: t("terminal.screen_reader"),
    checked: screenReader.value,
    onSelect: () => {
      screenReader.value = !screenReader.value;
    },
  },
];

const OPTIONS: readonly Options[] = [comfort, arranging, sharing, recordingOptions, fileOptions, reading];

export function OptionsMenu({ bench, tab }: { bench: Bench; tab: Tab | null }) {
  return (
    <Menu
      label={t("terminal.options")}
      class="button icon small"
      items={OPTIONS.flatMap((options) => options(bench, tab))}
    >
      <Icon name="more" />
    </Menu>
  );
}
