/** Sharing among a terminal's actions: an item of its menu, and a button where one's own other pages look on. */
import { useEffect } from "preact/hooks";
import { t, tn } from "../../i18n/index";
import type { Bench } from "../../pages/bench";
import { Icon } from "../../ui/icons";
import type { MenuItem } from "../../ui/menu";
import type { Tab } from "../tab";
import { herald } from "./herald";
import { opened, openSharing } from "./open";
import { audience } from "./people";

export const sharing = (bench: Bench, tab: Tab | null): readonly MenuItem[] =>
  tab === null || tab.parts.value?.session.state.value.phase !== "live"
    ? []
    : [{ label: t("share.open"), onSelect: () => void openSharing(bench, tab) }];

/** The button, where the banner does not tell who looks on; and the dialog, whoever opened it. */
export function ShareButton({ bench, tab }: { bench: Bench; tab: Tab | null }) {
  const state = tab?.parts.value?.session.state.value;
  const all = state?.phase === "live" && state.driver ? audience(state) : null;
  const others = all === null || all.guests.length > 0 ? 0 : all.others.length;
  const dialog = opened.value;
  useEffect(() => herald(bench.book), [bench]);
  const label = tn("share.button_watched", others);
  return (
    <>
      {tab !== null && others > 0 && (
        <button
          type="button"
          class="button small share-button"
          title={label}
          onClick={() => void openSharing(bench, tab)}
        >
          <Icon name="share" />
          <span class="share-button-label">{t("share.button")}</span>
          <span class="num">{others}</span>
        </button>
      )}
      {dialog?.bench === bench && (
        <dialog.ShareDialog
          shares={bench.sharing}
          tab={dialog.tab}
          tabs={bench.book.tabs.value}
          onClose={() => {
            opened.value = null;
          }}
        />
      )}
    </>
  );
}
