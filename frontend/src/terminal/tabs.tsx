/** The row of tabs above a terminal: arrow keys move, Delete closes, "+" opens another shell. */
import { t } from "../i18n/index";
import { Icon } from "../ui/icons";
import type { Book, Tab } from "./book";

interface Props {
  book: Book;
  canOpen: boolean;
  opening: boolean;
  onOpen: () => void;
  onClose: (tab: Tab) => void;
}

export const tabName = (tab: Tab): string =>
  tab.console ? t("tabs.console", { program: tab.program }) : tab.title.value || tab.program;

export function Tabs({ book, canOpen, opening, onOpen, onClose }: Props) {
  const tabs = book.tabs.value;

  const keys = (event: KeyboardEvent, at: number) => {
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[event.key];
    const tab = tabs[at];
    if (to !== undefined) {
      const next = tabs[to % tabs.length];
      if (next === undefined) return;
      book.show(next.id);
      document.getElementById(`tab-${next.id}`)?.focus();
    } else if (event.key === "Delete" && tab !== undefined && !tab.console) {
      onClose(tab);
    } else {
      return;
    }
    event.preventDefault();
  };

  return (
    <div class="tabs">
      <div class="tab-list" role="tablist" aria-label={t("tabs.label")}>
        {tabs.map((tab, at) => {
          const selected = tab.id === book.active.value;
          const ended = tab.parts.value?.session.state.value.phase === "ended";
          return (
            <span class="tab" key={tab.id} data-selected={selected ? "true" : undefined} role="presentation">
              <button
                type="button"
                role="tab"
                id={`tab-${tab.id}`}
                aria-selected={selected}
                aria-controls="terminal-panel"
                tabIndex={selected ? 0 : -1}
                title={tab.console ? t("tabs.console_title") : tabName(tab)}
                onClick={(event) => {
                  event.currentTarget.blur(); // a screen that is shown takes the focus, unless a tab has it
                  book.show(tab.id);
                  if (selected) tab.parts.value?.screen.focus();
                }}
                onKeyDown={(event) => keys(event, at)}
              >
                <span class="tab-name mono">{tab.console ? tab.program : tabName(tab)}</span>
                {tab.console && <span class="tab-note mono">PID 1</span>}
                {ended && <span class="tab-note">{t("tabs.ended")}</span>}
              </button>
              {!tab.console && (
                <button
                  type="button"
                  class="tab-close"
                  tabIndex={-1}
                  aria-label={t("tabs.close", { name: tabName(tab) })}
                  title={t("tabs.close", { name: tabName(tab) })}
                  onClick={() => onClose(tab)}
                >
                  <Icon name="close" />
                </button>
              )}
            </span>
          );
        })}
      </div>
      <button
        type="button"
        class="button icon small"
        data-opens-terminal
        aria-label={t("tabs.open")}
        title={canOpen ? t("tabs.open") : t("tabs.open_stopped")}
        aria-disabled={!canOpen || opening}
        onClick={() => {
          if (canOpen && !opening) onOpen();
        }}
      >
        <Icon name="plus" />
      </button>
    </div>
  );
}
