/** The terminal's colours: the page's tokens, or the system's own where a person has the system choose (forced colours). */
import type { ITheme } from "@xterm/xterm";

const ANSI = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
/** WCAG's for text, and its stricter one for who needs more. */
const READABLE = 4.5;
const STRONG = 7;

const forced = (): boolean => matchMedia("(forced-colors: active)").matches;

/**
 * The least contrast of text on its background; the emulator lightens or darkens what has less. The palette has it by
 * itself but for black on the dark page, and for what programs mix themselves.
 */
export const contrast = (): number => (forced() || matchMedia("(prefers-contrast: more)").matches ? STRONG : READABLE);

export function theme(): ITheme {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--term-${name}`).trim();
  const colours: ITheme = {
    background: token("bg"),
    foreground: token("fg"),
    cursor: token("cursor"),
    cursorAccent: token("bg"),
    selectionBackground: token("selection"),
    selectionInactiveBackground: token("selection"),
    scrollbarSliderBackground: token("slider"),
    scrollbarSliderHoverBackground: token("slider-hover"),
    scrollbarSliderActiveBackground: token("slider-hover"),
  };
  for (const name of ANSI) {
    colours[name] = token(name);
    colours[`bright${name.charAt(0).toUpperCase()}${name.slice(1)}` as keyof ITheme & `bright${string}`] = token(
      `bright-${name}`,
    );
  }
  return forced() ? { ...colours, ...systemColours() } : colours;
}

function systemColours(): ITheme {
  const probe = document.createElement("span");
  document.body.append(probe);
  const named = (name: string) => {
    probe.style.color = name;
    return getComputedStyle(probe).color;
  };
  const colours: ITheme = {
    background: named("Canvas"),
    foreground: named("CanvasText"),
    cursor: named("Highlight"),
    cursorAccent: named("HighlightText"),
    selectionBackground: named("Highlight"),
    selectionForeground: named("HighlightText"),
    selectionInactiveBackground: named("Highlight"),
  };
  probe.remove();
  return colours;
}

/** The colours of what a search found, as its add-on wants them: `#rrggbb`. */
export function matchColours() {
  const style = getComputedStyle(document.documentElement);
  const token = (name: string) => style.getPropertyValue(`--term-${name}`).trim();
  return {
    matchBackground: token("match"),
    matchBorder: token("match-edge"),
    matchOverviewRuler: token("match-edge"),
    activeMatchBackground: token("match-now"),
    activeMatchBorder: token("match-now-edge"),
    activeMatchColorOverviewRuler: token("match-now-edge"),
  };
}

/** A search selects the match it is at: it then has that match's colour. */
export function searchTheme(): ITheme {
  const now = matchColours().activeMatchBackground;
  return forced() ? theme() : { ...theme(), selectionBackground: now, selectionInactiveBackground: now };
}
