/** The terminal's colours, read from the page's tokens. */
import type { ITheme } from "@xterm/xterm";

const ANSI = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;

export function theme(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--term-${name}`).trim();
  const colours: ITheme = {
    background: token("bg"),
    foreground: token("fg"),
    cursor: token("cursor"),
    cursorAccent: token("bg"),
    selectionBackground: token("selection"),
  };
  for (const name of ANSI) {
    colours[name] = token(name);
    colours[`bright${name.charAt(0).toUpperCase()}${name.slice(1)}` as keyof ITheme & `bright${string}`] = token(
      `bright-${name}`,
    );
  }
  return colours;
}
