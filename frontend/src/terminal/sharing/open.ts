/** The sharing dialog, opened from wherever; its script is loaded with the first time. */
import { signal } from "@preact/signals";
import { t } from "../../i18n/index";
import type { Bench } from "../../pages/bench";
import { announce } from "../../ui/announce";
import type { Tab } from "../tab";

type Dialog = typeof import("./dialog").ShareDialog;

export const opened = signal<{ bench: Bench; tab: Tab; ShareDialog: Dialog } | null>(null);

export async function openSharing(bench: Bench, tab: Tab): Promise<void> {
  try {
    const { ShareDialog } = await import("./dialog");
    opened.value = { bench, tab, ShareDialog };
  } catch {
    announce(t("share.failed_load"), "bad");
  }
}
