/** The menu of a right click, a long touch, or the menu key: what can be done with what the screen shows. */
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index";
import type { XtermScreen } from "./screen";
import { IS_MAC } from "./shortcuts";
import type { What } from "./wishes";

interface Entry {
  what: What;
  label: string;
  keys?: string;
  disabled?: boolean;
}

const chord = (key: string): string => (IS_MAC ? `⌘${key}` : `Ctrl+Shift+${key}`);

function entries(screen: XtermScreen): Entry[] {
  const live = screen.events.backlog() !== null;
  return [
    { what: "copy", label: t("menu.copy"), keys: chord("C"), disabled: screen.selection() === "" },
    ...(screen.commands.count.peek() > 0
      ? [
          {
            what: "copy-output" as const,
            label: t("menu.copy_output"),
            disabled: screen.commands.lastOutput() === null,
          },
        ]
      : []),
    { what: "paste", label: t("menu.paste"), keys: chord("V"), disabled: !live },
    { what: "select-all", label: t("menu.select_all") },
    { what: "find", label: t("menu.find"), keys: chord("F") },
    { what: "links", label: t("menu.links") },
    { what: "clear", label: t("menu.clear") },
  ];
}

const buttons = (list: HTMLElement | null) => [...(list?.querySelectorAll<HTMLElement>("[role=menuitem]") ?? [])];

interface Props {
  screen: XtermScreen;
  /** In the window; null: at the screen's corner. */
  at: { x: number; y: number } | null;
  onChoose: (what: What) => void;
  onClose: () => void;
}

export function ContextMenu({ screen, at, onChoose, onClose }: Props) {
  const list = useRef<HTMLDivElement>(null);
  const [items] = useState(() => entries(screen));
  useLayoutEffect(() => {
    const element = list.current;
    if (element === null) return;
    const box = screen.element.getBoundingClientRect();
    const { x, y } = at ?? { x: box.left + 8, y: box.top + 8 };
    element.style.left = `${Math.max(4, Math.min(x, innerWidth - element.offsetWidth - 4))}px`;
    element.style.top = `${Math.max(4, Math.min(y, innerHeight - element.offsetHeight - 4))}px`;
    (buttons(element).find((one) => one.ariaDisabled !== "true") ?? buttons(element)[0])?.focus();
    const outside = (event: Event) => {
      if (!element.contains(event.target as Node)) onClose();
    };
    document.addEventListener("pointerdown", outside, true);
    addEventListener("blur", onClose);
    return () => {
      document.removeEventListener("pointerdown", outside, true);
      removeEventListener("blur", onClose);
    };
  }, [screen, at, onClose]);

  const keys = (event: KeyboardEvent) => {
    const all = buttons(list.current);
    const now = all.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: now + 1, ArrowUp: now - 1 + all.length, Home: 0, End: all.length - 1 }[event.key];
    if (event.key === "Escape" || event.key === "Tab") {
      onClose();
      screen.focus();
    } else if (to !== undefined) {
      all[to % all.length]?.focus();
    } else {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div
      ref={list}
      class="menu-list term-menu"
      role="menu"
      tabIndex={-1}
      aria-label={t("menu.label")}
      onKeyDown={keys}
      onContextMenu={(event) => event.preventDefault()}
    >
      {items.map(({ what, label, keys: chordOf, disabled }) => (
        <button
          type="button"
          key={what}
          class="menu-item"
          role="menuitem"
          tabIndex={-1}
          aria-disabled={disabled}
          aria-keyshortcuts={chordOf?.replace("⌘", "Meta+").replace("Ctrl", "Control")}
          onClick={() => {
            if (!disabled) onChoose(what);
          }}
        >
          <span>{label}</span>
          {chordOf && (
            <span class="term-menu-keys" aria-hidden="true">
              {chordOf}
            </span>
          )}
        </button>
      ))}
    </div>
  );
}
