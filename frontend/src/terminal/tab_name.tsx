/** What a terminal is called, and the field in which that is changed. */
import { signal } from "@preact/signals";
import { useLayoutEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index";
import { signalName } from "../i18n/signals";
import type { Tab } from "./book";

/** The terminal whose name is being changed. */
export const naming = signal<string | null>(null);

/** Characters; the worker takes no more. */
export const MOST = 63;

/** The person's word, else the program's own for its window, else the program. */
export function tabName(tab: Tab): string {
  if (tab.console) return tab.name.value || t("tabs.console", { program: tab.program });
  return tab.name.value || tab.title.value || programName(tab);
}

export const programName = (tab: Tab): string => (tab.ordinal > 1 ? `${tab.program} ${tab.ordinal}` : tab.program);

/** How it ended, in a word; null while it goes on. */
export function endedNote(tab: Tab): string | null {
  const ended = tab.ended.value;
  if (ended === null) return null;
  const { exit } = ended;
  if (exit?.signal != null) return t("tabs.ended_signal", { signal: signalName(exit.signal) });
  return exit?.code != null ? t("tabs.ended_code", { code: exit.code }) : t("tabs.ended");
}

interface Props {
  tab: Tab;
  /** Pixels from where the row of tabs begins. */
  left: number;
  /** Null: as it was. */
  onDone: (name: string | null) => void;
}

export function NameField({ tab, left, onDone }: Props) {
  const field = useRef<HTMLInputElement>(null);
  const done = useRef(false);

  useLayoutEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, []);

  const end = (name: string | null) => {
    if (done.current) return; // the field that goes loses the focus, too
    done.current = true;
    onDone(name);
  };

  return (
    <input
      ref={field}
      class="input tab-field"
      style={{ left: `min(${left}px, 100% - 166px)` }}
      aria-label={t("tabs.name_label")}
      placeholder={programName(tab)}
      maxLength={MOST}
      defaultValue={tab.name.peek() || tab.title.peek().slice(0, MOST)}
      spellcheck={false}
      autocomplete="off"
      onKeyDown={(event) => {
        event.stopPropagation();
        if (event.isComposing) return;
        if (event.key === "Enter") end(event.currentTarget.value.trim());
        else if (event.key === "Escape") end(null);
        else return;
        event.preventDefault();
      }}
      onBlur={(event) => end(event.currentTarget.value.trim())}
    />
  );
}
