/**
 * The row of tabs above the terminals: arrow keys go along it, Delete closes, F2 names, Ctrl+Shift with an arrow key moves;
 * "+" opens another shell.
 */
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n/index";
import { announce } from "../ui/announce";
import { Icon } from "../ui/icons";
import { narrow } from "../ui/preferences";
import type { Book, Tab } from "./book";
import { dragEnds, dragged } from "./dragging";
import { enter } from "./entering";
import { shown } from "./layout";
import { SharingNote } from "./sharing/note";
import { endedNote, NameField, naming, programName, tabName } from "./tab_name";

export { tabName } from "./tab_name";

interface Props {
  book: Book;
  canOpen: boolean;
  opening: boolean;
  onOpen: () => void;
  onClose: (tab: Tab) => void;
  onRename: (tab: Tab, name: string) => void;
}

export function Tabs({ book, canOpen, opening, onOpen, onClose, onRename }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const tabs = book.tabs.value;
  const active = book.active.value;
  const visible = narrow.value ? [] : shown(book.layout.value);

  // The selected one stays in sight, also when the row gets less room.
  useEffect(() => {
    const row = list.current;
    if (row === null || active === null) return;
    const reveal = () => row.querySelector("[data-selected]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
    reveal();
    const observer = new ResizeObserver(reveal);
    observer.observe(row);
    return () => observer.disconnect();
  }, [active]);

  const focus = (id: string) => document.getElementById(`tab-${id}`)?.focus();

  const keys = (event: KeyboardEvent, at: number) => {
    const tab = tabs[at];
    const { key, ctrlKey, shiftKey, altKey, metaKey } = event;
    if (tab === undefined || altKey || metaKey) return;
    if (ctrlKey && shiftKey && (key === "ArrowLeft" || key === "ArrowRight")) {
      const place = book.move(tab.id, at + (key === "ArrowLeft" ? -1 : 1));
      if (place !== at) {
        announce(t("tabs.moved", { name: tabName(tab), place: place + 1, count: tabs.length }));
        requestAnimationFrame(() => focus(tab.id));
      }
    } else if (ctrlKey || shiftKey) {
      return;
    } else if (key === "F2") {
      naming.value = tab.id;
    } else if (key === "Delete" && !tab.console) {
      onClose(tab);
    } else {
      const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + tabs.length, Home: 0, End: tabs.length - 1 }[key];
      const next = to === undefined ? undefined : tabs[to % tabs.length];
      if (next === undefined) return;
      book.show(next.id);
      focus(next.id);
    }
    event.preventDefault();
  };

  const named = tabs.find((tab) => tab.id === naming.value);

  /** Where a tab begins in the row, as far as that is scrolled. */
  const leftOf = (id: string): number => {
    const tab = document.getElementById(`tab-${id}`)?.parentElement;
    return tab ? Math.max(0, tab.offsetLeft - (list.current?.scrollLeft ?? 0)) : 0;
  };

  const rename = (tab: Tab, name: string | null) => {
    naming.value = null;
    if (name !== null) onRename(tab, name);
    requestAnimationFrame(() => {
      if (document.activeElement === document.body) focus(tab.id);
    });
  };

  return (
    <div class="tabs">
      <div class="tab-list" role="tablist" aria-label={t("tabs.label")} ref={list}>
        {tabs.map((tab, at) => {
          const selected = tab.id === active;
          const ended = endedNote(tab);
          const elsewhere = !selected && visible.includes(tab.id);
          return (
            // biome-ignore lint/a11y/noStaticElementInteractions: dragging is a mouse's way, keys move the tab in it
            <span
              class="tab"
              key={tab.id}
              data-selected={selected ? "true" : undefined}
              data-shown={elsewhere ? "true" : undefined}
              data-dragged={dragged.value === tab.id ? "true" : undefined}
              role="presentation"
              draggable={naming.value !== tab.id}
              onDragStart={(event) => {
                dragged.value = tab.id;
                event.dataTransfer?.setData("text/plain", tabName(tab));
              }}
              onDragEnd={dragEnds}
              onDragOver={(event) => {
                if (dragged.value === null) return;
                event.preventDefault();
                if (dragged.value !== tab.id) book.move(dragged.value, at);
              }}
              onDrop={(event) => {
                if (dragged.value === null) return;
                event.preventDefault();
                dragEnds();
              }}
            >
              <button
                type="button"
                role="tab"
                id={`tab-${tab.id}`}
                aria-selected={selected}
                aria-controls={selected || elsewhere ? `panel-${tab.id}` : undefined}
                tabIndex={selected ? 0 : -1}
                title={tab.console ? t("tabs.console_title") : t("tabs.rename_hint", { name: tabName(tab) })}
                onClick={() => enter(book, tab.id)}
                onDblClick={() => {
                  naming.value = tab.id;
                }}
                onAuxClick={(event) => {
                  if (event.button === 1 && !tab.console) onClose(tab);
                }}
                onKeyDown={(event) => keys(event, at)}
              >
                <News tab={tab} />
                <span class="tab-name mono">{tab.console ? tab.name.value || programName(tab) : tabName(tab)}</span>
                {tab.console && <span class="tab-note mono">PID 1</span>}
                <SharingNote tab={tab} />
                {ended !== null && <span class="tab-note">{ended}</span>}
                {elsewhere && <span class="sr-only">{t("tabs.in_pane")}</span>}
              </button>
              {!tab.console && (
                <button
                  type="button"
                  class="tab-close"
                  tabIndex={-1}
                  aria-hidden="true" // a list of tabs has nothing but tabs; Delete and the menu close, too
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
      {named !== undefined && (
        <NameField key={named.id} tab={named} left={leftOf(named.id)} onDone={(name) => rename(named, name)} />
      )}
      <button
        type="button"
        class="button icon small"
        data-opens-terminal
        aria-label={t("tabs.open")}
        title={t(!canOpen ? "tabs.open_stopped" : book.full ? "tabs.full" : "tabs.open")}
        aria-disabled={!canOpen || opening || book.full}
        onClick={() => {
          if (canOpen && !opening) onOpen();
        }}
      >
        <Icon name="plus" />
      </button>
    </div>
  );
}

/** What came while nobody looked: a dot, or a bell, and the words for it. */
function News({ tab }: { tab: Tab }) {
  const news = tab.news.value;
  if (news === null) return null;
  const words = t(news === "bell" ? "tabs.news_bell" : "tabs.news_output");
  return (
    <span class="tab-news" data-news={news} title={words}>
      <Icon name={news === "bell" ? "bell" : "circle"} filled={news === "output"} />
      <span class="sr-only">{words}</span>
    </span>
  );
}
