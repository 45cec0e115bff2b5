/** What lies over a terminal's screen, and does what its person wants: search, menu, links, questions, figures. */
import { signal } from "@preact/signals";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { type Key, t, tn } from "../i18n/index";
import { announce, speak } from "../ui/announce";
import { clipboardText, copyText, plainWords } from "./clipboard";
import { fontSize, stepped, USUAL_SIZE } from "./font";
import { later } from "./later";
import type { FoundLink } from "./links";
import type { XtermScreen } from "./screen";
import type { Session } from "./session";
import { IS_MAC } from "./shortcuts";
import type { Tab } from "./tab";
import type { What } from "./wishes";

const SearchBar = later(async () => (await import("./search")).SearchBar);
const PasteDialog = later(async () => (await import("./paste_dialog")).PasteDialog);
const LinksDialog = later(async () => (await import("./links_dialog")).LinksDialog);
const LinkQuestion = later(async () => (await import("./links_dialog")).LinkQuestion);
const LatencyReadout = later(async () => (await import("./latency")).LatencyReadout);
const ContextMenu = later(async () => (await import("./context_menu")).ContextMenu);

const MOST_PREVIEW = 200;

/** Whether the read-out is wanted, of the terminal in front. */
export const latencyShown = signal(false);

interface Props {
  tab: Tab;
  /** The keys go here. */
  front: boolean;
  screenReader: boolean;
}

export function Comfort({ tab, front, screenReader }: Props) {
  const parts = tab.parts.value;
  const told = useRef(screenReader);
  useEffect(() => {
    if (front && told.current !== screenReader)
      announce(t(screenReader ? "reader.on" : "reader.off"), "plain", "reader");
    told.current = screenReader;
  }, [screenReader, front]);
  return parts && <Over {...parts} front={front} screenReader={screenReader} />;
}

interface OverProps extends Omit<Props, "tab"> {
  session: Session;
  screen: XtermScreen;
}

function Over({ session, screen, front, screenReader }: OverProps) {
  const [searching, setSearching] = useState(0);
  const [menu, setMenu] = useState<{ at: { x: number; y: number } | null } | null>(null);
  const [links, setLinks] = useState<FoundLink[] | null>(null);

  useEffect(() => {
    const perform = (what: What, at: { x: number; y: number } | null) => {
      if (what === "find") setSearching((times) => times + 1);
      else if (what === "menu") setMenu({ at });
      else if (what === "links") setLinks(screen.links.list());
      else if (what === "latency") latencyShown.value = !latencyShown.peek();
      else void act(screen, what);
    };
    return screen.wish.subscribe((wish) => {
      if (wish === null) return;
      // Not while the signal tells: it would be told again within.
      queueMicrotask(() => {
        if (screen.wish.peek() === wish) screen.wish.value = null;
      });
      perform(wish.what, wish.at ?? null);
    });
  }, [screen]);

  const closeMenu = useCallback(() => setMenu(null), []);
  const asked = screen.pastes.asked.value;
  const progress = screen.pastes.progress.value;
  const offer = screen.offers.asked.value;
  const question = screen.links.asked.value;
  const link = screen.links.shown.value;
  const back = () => screen.focus();
  return (
    <>
      {link && <LinkLine link={link} />}
      <div class="term-over">
        {searching > 0 && <SearchBar screen={screen} asked={searching} onClose={() => setSearching(0)} />}
        {front && latencyShown.value && (
          <LatencyReadout
            session={session}
            screen={screen}
            onClose={() => {
              latencyShown.value = false;
              back();
            }}
          />
        )}
        {progress && (
          <section class="term-card" aria-label={t("paste.under_way")}>
            <p>{t("paste.under_way")}</p>
            <progress max={progress.total} value={progress.sent} aria-label={t("paste.under_way")} />
            <button
              type="button"
              class="button small"
              onClick={() => {
                screen.pastes.stop();
                back();
              }}
            >
              {t("paste.stop")}
            </button>
          </section>
        )}
        {offer !== null && <Offer key={offer} screen={screen} text={offer} />}
      </div>
      {menu && (
        <ContextMenu
          screen={screen}
          at={menu.at}
          onClose={closeMenu}
          onChoose={(what) => {
            setMenu(null);
            back();
            screen.wish.value = { what };
          }}
        />
      )}
      {asked && <PasteDialog doubt={asked} onAnswer={(text) => screen.pastes.answer(text)} />}
      {question && <LinkQuestion link={question} onClose={() => screen.links.answer()} />}
      {links && <LinksDialog links={links} onClose={() => setLinks(null)} />}
      {screenReader && <Aloud screen={screen} />}
    </>
  );
}

/** Where the pointer's link leads: in the words of the address itself, and of the text when that is another. */
function LinkLine({ link }: { link: FoundLink }) {
  return (
    <p class="term-link">
      {link.text !== null && <span class="term-link-text">{t("links.text", { text: link.text })}</span>}
      <span class="mono">{link.uri}</span>
    </p>
  );
}

/** A program's wish to write to the clipboard. The focus stays where it was: who types is not to agree by a key. */
function Offer({ screen, text }: { screen: XtermScreen; text: string }) {
  const count = [...text].length;
  useEffect(() => speak(tn("osc52.ask", count)), [count]);
  const answer = (said: "allow" | "never" | null) => {
    screen.offers.answer(said);
    screen.focus();
    if (said === "never") announce(t("osc52.never_told"));
  };
  return (
    <section class="term-card term-ask" aria-label={t("osc52.label")} tabIndex={-1}>
      <p>{tn("osc52.ask", count)}</p>
      <code class="term-ask-text">{plainWords(text.replace(/\s+/g, " "), MOST_PREVIEW)}</code>
      <div class="term-card-actions">
        <button type="button" class="button small primary" onClick={() => answer("allow")}>
          {t("osc52.allow")}
        </button>
        <button type="button" class="button small" onClick={() => answer(null)}>
          {t("osc52.not_now")}
        </button>
        <button type="button" class="button small" onClick={() => answer("never")}>
          {t("osc52.never")}
        </button>
      </div>
    </section>
  );
}

/** For screen readers alone: what the last command printed, as much as one can listen to. */
function Aloud({ screen }: { screen: XtermScreen }) {
  const said = screen.aloud.said.value;
  return (
    <div class="sr-only term-aloud" role="log" aria-live="polite" aria-label={t("reader.region")}>
      {said && (
        <div key={said.id}>
          {said.code !== null && said.code !== 0 && <p>{t("commands.failed", { code: said.code })}</p>}
          {said.more > 0 && <p>{tn("reader.more", said.more)}</p>}
          {said.lines.length === 0 ? <p>{t("reader.nothing")}</p> : <pre>{said.lines.join("\n")}</pre>}
        </div>
      )}
    </div>
  );
}

async function act(screen: XtermScreen, what: What): Promise<void> {
  switch (what) {
    case "copy": {
      const text = screen.selection();
      if (text === "") return;
      await copied(text, "menu.copied");
      screen.deselect(); // so that the next Ctrl+C interrupts, where it copies
      return;
    }
    case "copy-output": {
      const output = screen.commands.lastOutput();
      if (output === null) announce(t("commands.no_output"));
      else await copied(output, "commands.copied");
      return;
    }
    case "paste": {
      const text = await clipboardText();
      if (text === null) announce(t(IS_MAC ? "paste.refused_mac" : "paste.refused"), "bad");
      else if (text === "") announce(t("paste.empty"));
      else await screen.paste(text);
      return;
    }
    case "select-all":
      screen.selectAll();
      return;
    case "clear":
      screen.clear();
      return;
    case "larger":
    case "smaller":
    case "usual-size":
      resize(what);
      return;
    case "previous-command":
    case "next-command":
      jump(screen, what === "previous-command" ? -1 : 1);
      return;
    default:
      return;
  }
}

async function copied(text: string, words: Key): Promise<void> {
  if (await copyText(text)) announce(t(words));
  else announce(t("common.not_copied"), "bad");
}

export function resize(what: "larger" | "smaller" | "usual-size"): void {
  const size = what === "usual-size" ? USUAL_SIZE : stepped(fontSize.peek(), what === "larger" ? 1 : -1);
  fontSize.value = size;
  announce(t("font.now", { size }), "plain", "font");
}

function jump(screen: XtermScreen, by: 1 | -1): void {
  const command = screen.commands.jump(by);
  if (command === null) {
    announce(t(screen.commands.count.peek() === 0 ? "commands.none" : by < 0 ? "commands.first" : "commands.last"));
    return;
  }
  const { code } = command;
  speak(
    `${screen.lineAt(command.prompt.line)}. ${code === null ? "" : code === 0 ? t("commands.well") : t("commands.failed", { code })}`,
  );
}
