/** What a terminal's menu offers about recordings. */
import { t } from "../../i18n/index";
import { printable } from "../../state/format";
import type { Options } from "../options";
import type { Tab } from "../tab";
import { MOST, programName } from "../tab_name";

const titleOf = (tab: Tab): string => tab.name.peek() || printable(programName(tab)).slice(0, MOST);

export const recordingOptions: Options = (bench, tab) => {
  const { recorder } = bench;
  const state = tab?.parts.value?.session.state.value;
  const busy = tab !== null && recorder.busy.value.has(tab.id);
  const item =
    tab === null || state === undefined || state.phase === "ended" || state.phase === "gone"
      ? { label: t("recordings.record"), disabled: true }
      : state.recording === null
        ? { label: t("recordings.record"), disabled: busy, onSelect: () => void recorder.start(tab.id, titleOf(tab)) }
        : { label: t("recordings.stop"), disabled: busy, onSelect: () => void recorder.stop(tab.id) };
  return [
    item,
    {
      label: t("recordings.of_container"),
      onSelect: () => {
        recorder.listed.value = true;
      },
    },
  ];
};
