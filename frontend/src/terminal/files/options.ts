/** What a terminal's menu offers about files. */
import { t } from "../../i18n/index";
import type { Tab } from "../book";
import type { Options } from "../options";
import { directoryOf } from "./paths";

export const fileOptions: Options = (bench, tab) => {
  if (tab === null) return [];
  return [
    {
      label: t("files.upload"),
      onSelect: () =>
        choose((files) => bench.uploads.offer({ tab: tab.id, files, folders: 0, directory: placeOf(tab) })),
    },
    {
      label: t("files.download_menu"),
      onSelect: () => {
        bench.uploads.asked.value = `${placeOf(tab)}/`.replace("//", "/");
      },
    },
  ];
};

const placeOf = (tab: Tab): string => directoryOf(tab.parts.peek()?.session.marks.peek() ?? []);

/** The browser's own chooser. */
function choose(chosen: (files: readonly File[]) => void): void {
  const input = document.createElement("input");
  input.type = "file";
  input.multiple = true;
  input.onchange = () => chosen([...(input.files ?? [])]);
  input.click();
}
