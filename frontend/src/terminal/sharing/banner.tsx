/** The owner's banner over a terminal: who watches, who asks to type, who types, and how to have the keyboard back. */
import { useEffect, useRef, useState } from "preact/hooks";
import { t, tn } from "../../i18n/index";
import type { Bench } from "../../pages/bench";
import type { Session, SessionState } from "../session";
import type { Tab } from "../tab";
import { openSharing } from "./open";
import { type Audience, audience, namesOf } from "./people";
import { Row, useTyping } from "./row";
import { Name, said, watching } from "./said";
import { Who } from "./who";

export function SharingBanner({ bench, tab }: { bench: Bench | null; tab: Tab }) {
  const parts = tab.parts.value;
  const state = parts?.session.state.value;
  if (bench === null || parts === null || state?.phase !== "live") return null;
  return (
    <OwnersBanner
      state={state}
      session={parts.session}
      focus={() => parts.screen.focus()}
      onManage={() => openSharing(bench, tab)}
    />
  );
}

const ANSWERED_MS = 1_500;

interface Props {
  state: SessionState;
  session: Pick<Session, "grant" | "deny" | "takeOver">;
  /** Back to the terminal: the button that was pressed is gone with the question. */
  focus: () => void;
  onManage: () => void;
}

export function OwnersBanner({ state, session, focus, onManage }: Props) {
  const banner = useRef<HTMLElement>(null);
  const all = audience(state);
  const asked = all.asking[0];
  const guest = all.driver?.kind === "guest" ? all.driver : null;
  const back = () => {
    session.takeOver();
    focus();
  };
  useEscape(banner, guest !== null, back);

  if (all.guests.length === 0 && state.driver) return null;
  return (
    <section class="share-banner" aria-label={t("share.banner")} ref={banner} data-guest-types={guest !== null}>
      {guest && <Types state={state} name={guest.name} all={all} onBack={back} />}
      {asked && (
        <Asks
          key={asked.id}
          name={asked.name}
          more={all.asking.length - 1}
          all={guest ? null : all}
          onAnswer={(yes) => {
            if (yes) session.grant(asked.id);
            else session.deny(asked.id);
            focus();
          }}
        />
      )}
      {!guest && !asked && (
        <Row
          tone="quiet"
          icon={state.driver ? "xray" : "keyboard"}
          actions={
            <>
              <Who audience={all} />
              {!state.driver && (
                <button type="button" class="button small" data-part onClick={back}>
                  {t("share.type_here")}
                </button>
              )}
              {all.guests.length > 0 && (
                <button type="button" class="button small" data-part={state.driver || undefined} onClick={onManage}>
                  {t("share.manage")}
                </button>
              )}
            </>
          }
        >
          {!state.driver && t(all.driver === null ? "share.nobody_types" : "share.own_types")}{" "}
          {all.guests.length > 0 && watching(namesOf(all.guests))}
        </Row>
      )}
    </section>
  );
}

function Types({ state, name, all, onBack }: { state: SessionState; name: string; all: Audience; onBack: () => void }) {
  const typing = useTyping(state.typedAt);
  return (
    <Row
      tone="types"
      icon="keyboard"
      actions={
        <>
          <Who audience={all} />
          <button
            type="button"
            class="button small primary"
            data-part
            title={t("share.take_back_title")}
            aria-keyshortcuts="Escape"
            onClick={onBack}
          >
            {t("share.take_back")}
            <kbd>Esc</kbd>
          </button>
        </>
      }
    >
      <strong>{said("share.types", { name: <Name>{name}</Name> })}</strong>{" "}
      <span class="share-note">{t(typing ? "share.types_now" : "share.types_hint")}</span>
    </Row>
  );
}

interface AsksProps {
  name: string;
  more: number;
  all: Audience | null;
  onAnswer: (yes: boolean) => void;
}

function Asks({ name, more, all, onAnswer }: AsksProps) {
  const [answered, setAnswered] = useState(false);
  const busy = useRef(false);
  const answer = (yes: boolean) => {
    if (busy.current) return;
    busy.current = true;
    setAnswered(true);
    onAnswer(yes);
  };
  // The question goes with what the worker tells of it. Should it be asked again at once, it must be answered again.
  useEffect(() => {
    if (!answered) return;
    const timer = setTimeout(() => {
      busy.current = false;
      setAnswered(false);
    }, ANSWERED_MS);
    return () => clearTimeout(timer);
  }, [answered]);
  return (
    <Row
      tone="asks"
      icon="hand"
      actions={
        <>
          {all && <Who audience={all} />}
          <button
            type="button"
            class="button small primary"
            data-part={all !== null || undefined}
            aria-label={t("share.grant", { name })}
            aria-disabled={answered}
            onClick={() => answer(true)}
          >
            {t("share.grant_short")}
          </button>
          <button type="button" class="button small" aria-disabled={answered} onClick={() => answer(false)}>
            {t("share.deny")}
          </button>
        </>
      }
    >
      <strong>{said("share.asks", { name: <Name>{name}</Name> })}</strong>{" "}
      {more > 0 && <span class="share-note">{tn("share.asks_more", more)}</span>}
    </Row>
  );
}

/** While a guest types the owner's own Escape goes nowhere else: in this terminal it takes the keyboard back. */
function useEscape(banner: { current: HTMLElement | null }, on: boolean, back: () => void): void {
  const latest = useRef(back);
  latest.current = back;
  useEffect(() => {
    if (!on) return;
    const pressed = (event: KeyboardEvent) => {
      const terminal = banner.current?.closest(".terminal");
      if (event.key !== "Escape" || event.isComposing || !terminal?.contains(event.target as Node)) return;
      if ((event.target as Element).closest(".who") !== null) return; // it closes its list with it
      event.preventDefault();
      event.stopPropagation();
      latest.current();
    };
    document.addEventListener("keydown", pressed, true);
    return () => document.removeEventListener("keydown", pressed, true);
  }, [on, banner]);
}
