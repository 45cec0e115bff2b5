/** A button that opens a list of actions: arrow keys, Home, End, Escape; closes when the focus leaves. */
import type { ComponentChildren } from "preact";
import { useId, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "./icons";

export interface MenuItem {
  label: string;
  icon?: IconName;
  /** Where one of a group is chosen. */
  checked?: boolean;
  /** Where it is a switch of its own. */
  on?: boolean;
  /** What is seen where the label has no room; the label is its name. */
  sign?: string;
  /** The menu stays: it is likely to be wanted again. */
  stays?: boolean;
  danger?: boolean;
  disabled?: boolean;
  href?: string;
  lang?: string;
  onSelect?: () => void;
}

/** Without a label there is a line above it and no more. In a row, its items are side by side. */
export interface MenuGroup {
  label?: string;
  row?: boolean;
  items: readonly MenuItem[];
}

interface Props {
  label: string;
  /** What the button shows; its accessible name is `label`. */
  children: ComponentChildren;
  items?: readonly MenuItem[];
  /** Further actions below. */
  groups?: readonly MenuGroup[];
  head?: ComponentChildren;
  align?: "start" | "end";
  class?: string;
}

export function Menu({
  label,
  children,
  items = [],
  groups = [],
  head,
  align = "end",
  class: extra = "button icon",
}: Props) {
  const [open, setOpen] = useState(false);
  const root = useRef<HTMLDivElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const id = useId();

  const entries = () => [...(root.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];

  useLayoutEffect(() => {
    if (!open) return;
    const list = [...(root.current?.querySelectorAll<HTMLElement>("[role^=menuitem]") ?? [])];
    (list.find((entry) => entry.getAttribute("aria-checked") === "true") ?? list[0])?.focus();
    const outside = (event: PointerEvent) => {
      if (!root.current?.contains(event.target as Node)) setOpen(false);
    };
    document.addEventListener("pointerdown", outside);
    return () => document.removeEventListener("pointerdown", outside);
  }, [open]);

  const close = () => {
    setOpen(false);
    button.current?.focus();
  };

  const keys = (event: KeyboardEvent) => {
    const list = entries();
    const at = list.indexOf(document.activeElement as HTMLElement);
    const to = { ArrowDown: at + 1, ArrowUp: at - 1 + list.length, Home: 0, End: list.length - 1 }[event.key];
    if (event.key === "Escape") close();
    else if (event.key === "Tab") setOpen(false);
    else if (to !== undefined) list[to % list.length]?.focus();
    else return;
    if (event.key !== "Tab") event.preventDefault();
  };

  return (
    <div class="menu" ref={root}>
      <button
        type="button"
        ref={button}
        class={extra}
        aria-label={label}
        title={label}
        aria-haspopup="menu"
        aria-expanded={open}
        aria-controls={open ? id : undefined}
        onClick={() => setOpen(!open)}
        onKeyDown={(event) => {
          if (event.key === "ArrowDown" && !open) {
            event.preventDefault();
            setOpen(true);
          }
        }}
      >
        {children}
      </button>
      {open && (
        <div class={`menu-list ${align}`}>
          {head}
          <div id={id} role="menu" tabIndex={-1} aria-label={label} onKeyDown={keys}>
            {items.map((item) => (
              <Entry key={item.label} item={item} close={close} />
            ))}
            {groups.map((group) => (
              // biome-ignore lint/a11y/useSemanticElements: a menu may hold groups, not a fieldset
              <div
                key={group.items[0]?.label}
                role="group"
                aria-label={group.label}
                class={`menu-group ${group.row ? "row" : ""}`}
              >
                {group.label && (
                  <span class="menu-label" aria-hidden="true">
                    {group.label}
                  </span>
                )}
                {group.items.map((item) => (
                  <Entry key={item.label} item={item} close={close} />
                ))}
              </div>
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

function Entry({ item, close }: { item: MenuItem; close: () => void }) {
  const inner = (
    <>
      {item.icon && <Icon name={item.icon} />}
      <span lang={item.lang}>{item.sign ?? item.label}</span>
      {(item.checked || item.on) && <Icon name="check" class="menu-check" />}
    </>
  );
  const look = `menu-item ${item.danger ? "danger" : ""}`;
  if (item.href !== undefined) {
    return (
      <a class={look} role="menuitem" tabIndex={-1} href={item.href}>
        {inner}
      </a>
    );
  }
  const role =
    item.on !== undefined
      ? { role: "menuitemcheckbox" as const, "aria-checked": item.on }
      : item.checked !== undefined
        ? { role: "menuitemradio" as const, "aria-checked": item.checked }
        : { role: "menuitem" as const };
  return (
    <button
      type="button"
      class={look}
      tabIndex={-1}
      aria-disabled={item.disabled}
      {...(item.sign !== undefined && { "aria-label": item.label, title: item.label })}
      onClick={() => {
        if (item.disabled) return;
        if (!item.stays) close();
        item.onSelect?.();
      }}
      {...role}
    >
      {inner}
    </button>
  );
}
