/** The search in a terminal's output: a bar over the screen's corner. Fetched, with its engine, when first asked for. */
import { type ISearchOptions, SearchAddon } from "@xterm/addon-search";
import { useEffect, useRef, useState } from "preact/hooks";
import { number } from "../i18n/format";
import { t } from "../i18n/index";
import { Icon } from "../ui/icons";
import { isDark } from "../ui/preferences";
import { matchColours } from "./palette";
import type { XtermScreen } from "./screen";

/** More are not counted: each is drawn. */
const MOST = 1_000;

const addons = new WeakMap<XtermScreen, SearchAddon>();

function engine(screen: XtermScreen): SearchAddon {
  let addon = addons.get(screen);
  if (addon === undefined) {
    addon = new SearchAddon({ highlightLimit: MOST });
    screen.emulator.loadAddon(addon);
    addons.set(screen, addon);
  }
  return addon;
}

/** What is wrong with a regular expression, in the browser's words; null when it is one. */
export function fault(pattern: string): string | null {
  try {
    new RegExp(pattern);
    return null;
  } catch (error) {
    return error instanceof Error ? error.message.replace(/^Invalid regular expression:\s*/, "") : String(error);
  }
}

interface Found {
  /** From 0; below 0 when there are too many to tell. */
  at: number;
  count: number;
}

interface Props {
  screen: XtermScreen;
  /** Counts the times it was asked for: each gives the field the focus. */
  asked: number;
  onClose: () => void;
}

export function SearchBar({ screen, asked, onClose }: Props) {
  const [addon] = useState(() => engine(screen));
  const [term, setTerm] = useState(() => seed(screen.selection()));
  const [exact, setExact] = useState(false);
  const [regex, setRegex] = useState(false);
  const [found, setFound] = useState<Found | null>(null);
  const field = useRef<HTMLInputElement>(null);
  const wrong = regex && term !== "" ? fault(term) : null;
  const dark = isDark();

  // biome-ignore lint/correctness/useExhaustiveDependencies: asked again, it gets the focus again
  useEffect(() => {
    field.current?.focus();
    field.current?.select();
  }, [asked]);

  useEffect(() => {
    const listener = addon.onDidChangeResults(({ resultIndex, resultCount }) =>
      setFound({ at: resultIndex, count: resultCount }),
    );
    screen.setSearched(true);
    return () => {
      listener.dispose();
      addon.clearDecorations();
      screen.deselect();
      screen.setSearched(false);
    };
  }, [addon, screen]);

  const look = (forward: boolean, incremental = false) => {
    if (term === "" || wrong !== null) return;
    const options: ISearchOptions = { caseSensitive: exact, regex, incremental, decorations: matchColours() };
    if (forward) addon.findNext(term, options);
    else addon.findPrevious(term, options);
  };

  // From the newest output upwards, as the eye is there. Other options or colours: all is marked anew.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `dark` stands for the colours
  useEffect(() => {
    addon.clearDecorations();
    setFound(null);
    screen.deselect();
    look(false, true);
  }, [term, exact, regex, addon, dark]);

  const keys = (event: KeyboardEvent) => {
    if (event.isComposing) return;
    if (event.key === "Enter") look(event.shiftKey);
    else if (event.key === "Escape") close();
    else if (event.altKey && event.code === "KeyC") setExact(!exact);
    else if (event.altKey && event.code === "KeyR") setRegex(!regex);
    else return;
    event.preventDefault();
    event.stopPropagation();
  };

  const close = () => {
    onClose();
    screen.focus();
  };

  const none = term !== "" && wrong === null && found !== null && found.count === 0;
  return (
    <search class="term-search" onKeyDown={keys}>
      <div class="term-search-row">
        <input
          ref={field}
          class="term-search-field mono"
          type="text"
          value={term}
          placeholder={t("search.field")}
          aria-label={t("search.field")}
          aria-invalid={wrong !== null}
          aria-describedby="term-search-count"
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => setTerm(event.currentTarget.value)}
        />
        <output id="term-search-count" class={`term-search-count num ${none || wrong ? "none" : ""}`}>
          {wrong === null ? words(term, found) : ""}
        </output>
        <Toggle label={t("search.case")} sign="Aa" on={exact} onChange={setExact} />
        <Toggle label={t("search.regex")} sign=".*" on={regex} onChange={setRegex} />
        <Step label={t("search.previous")} icon="up" onClick={() => look(false)} />
        <Step label={t("search.next")} icon="down" onClick={() => look(true)} />
        <Step label={t("search.close")} icon="close" onClick={close} />
      </div>
      {wrong !== null && (
        <p class="term-search-wrong" role="status">
          {t("search.bad_regex")} <span class="mono">{wrong}</span>
        </p>
      )}
    </search>
  );
}

function words(term: string, found: Found | null): string {
  if (term === "" || found === null) return "";
  if (found.count === 0) return t("search.none");
  const count = found.count >= MOST ? `${number(MOST)}+` : number(found.count);
  return found.at < 0 ? t("search.many", { count }) : t("search.of", { at: number(found.at + 1), count });
}

/** A selection within a line is what one wants to find. */
const seed = (selection: string): string => (selection.length <= 100 && !selection.includes("\n") ? selection : "");

function Toggle({
  label,
  sign,
  on,
  onChange,
}: {
  label: string;
  sign: string;
  on: boolean;
  onChange: (on: boolean) => void;
}) {
  return (
    <button
      type="button"
      class="term-search-toggle mono"
      aria-pressed={on}
      aria-label={label}
      title={label}
      onClick={() => onChange(!on)}
    >
      {sign}
    </button>
  );
}

function Step({ label, icon, onClick }: { label: string; icon: "up" | "down" | "close"; onClick: () => void }) {
  return (
    <button type="button" class="button icon small" aria-label={label} title={label} onClick={onClick}>
      <Icon name={icon === "up" ? "down" : icon} class={icon === "up" ? "upside-down" : ""} />
    </button>
  );
}
