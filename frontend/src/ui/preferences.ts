/** What the page remembers of a person on this machine: theme, sizes, what was seen. */
import { effect, type Signal, signal } from "@preact/signals";

export type Theme = "auto" | "light" | "dark";

/** A signal kept in local storage under `terrarium.<key>`; `valid` says which stored values still make sense. */
export function remembered<T>(key: string, initial: T, valid: (value: unknown) => value is T): Signal<T> {
  const name = `terrarium.${key}`;
  const value = signal(initial);
  try {
    const stored: unknown = JSON.parse(localStorage.getItem(name) ?? "null");
    if (valid(stored)) value.value = stored;
  } catch {
    // Storage is off or holds another's text: the page works without.
  }
  effect(() => {
    const text = JSON.stringify(value.value);
    try {
      localStorage.setItem(name, text);
    } catch {
      // As above.
    }
  });
  return value;
}

export const isBoolean = (value: unknown): value is boolean => typeof value === "boolean";
export const isNumber = (value: unknown): value is number => typeof value === "number" && Number.isFinite(value);

export const theme = remembered<Theme>("theme", "auto", (value): value is Theme =>
  ["auto", "light", "dark"].includes(value as string),
);

/** Whether there is room for one column only; the style sheets draw the line at the same width. */
const oneColumn = matchMedia("(max-width: 699px)");
export const narrow = signal(oneColumn.matches);
oneColumn.addEventListener("change", (event) => {
  narrow.value = event.matches;
});

const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(darkSystem.matches);
darkSystem.addEventListener("change", (event) => {
  systemIsDark.value = event.matches;
});

/** Whether the page is dark now, by choice or by the system's. */
export const isDark = (): boolean => theme.value === "dark" || (theme.value === "auto" && systemIsDark.value);

/** Keeps `<html data-theme>` in step; the tokens and the terminals follow it. */
export function followTheme(): void {
  effect(() => {
    document.documentElement.dataset.theme = isDark() ? "dark" : "light";
  });
}
