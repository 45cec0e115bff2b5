/** On a tab whose banner is out of sight: that somebody asks to type there, or does. */
import { t } from "../../i18n/index";
import type { Tab } from "../tab";
import { audience } from "./people";

export function SharingNote({ tab }: { tab: Tab }) {
  const state = tab.parts.value?.session.state.value;
  if (tab.shown.value || state?.phase !== "live") return null;
  const { asking, driver } = audience(state);
  const types = driver?.kind === "guest";
  if (!types && asking.length === 0) return null;
  return <span class="tab-note tab-sharing">{t(types ? "share.tab_types" : "share.tab_asks")}</span>;
}
