/** A guest's banner over another person's terminal: what one may do here, and asking for more. */
import type { ComponentChildren } from "preact";
import { useEffect, useReducer, useRef } from "preact/hooks";
import { bytes } from "../../i18n/format";
import { type Key, t, tn } from "../../i18n/index";
import { speak } from "../../ui/announce";
import type { Session, SessionState } from "../session";
import { type Audience, audience, FAR_BEHIND, isolated, namesOf } from "./people";
import { Row } from "./row";
import { Name, said } from "./said";
import { Who } from "./who";

interface Props {
  state: SessionState;
  session: Pick<Session, "ask" | "release">;
  owner: string;
  focus: () => void;
  /** Further things to do while watching. */
  children?: ComponentChildren;
}

/** How the last question ended, told until something else happens. */
export type Outcome = "denied" | "taken_back" | "given_back" | null;

export interface Course {
  /** As which viewer: after another connection all begins anew, and nobody has said no. */
  as: number | null;
  asking: boolean;
  granted: boolean;
  outcome: Outcome;
  /** The guest's own word was what ended it. */
  own: boolean;
}

export type Step = { is: "seen"; as: number; asking: boolean; granted: boolean } | { is: "released" } | { is: "asked" };

export const START: Course = { as: null, asking: false, granted: false, outcome: null, own: false };

/** What became of asking is told by nobody: it shows in what is so now and was not before. */
export function course(before: Course, step: Step): Course {
  if (step.is === "released") return { ...before, own: true };
  if (step.is === "asked") return { ...before, outcome: null, own: false };
  const { as, asking, granted } = step;
  if (as === before.as && asking === before.asking && granted === before.granted) return before;
  let { outcome } = before;
  if (asking || granted || as !== before.as) outcome = null;
  else if (before.granted) outcome = before.own ? "given_back" : "taken_back";
  else if (before.asking) outcome = before.own ? null : "denied";
  return { as, asking, granted, outcome, own: false };
}

export function GuestBanner({ state, session, owner, focus, children }: Props) {
  const all = audience(state);
  const asking = all.self?.asks ?? false;
  const granted = all.self?.granted ?? false;
  const [{ outcome }, step] = useReducer(course, START);
  const name = <Name>{owner}</Name>;
  const told = useRef<string | null>(null);

  const as = all.self?.id ?? null;

  useEffect(() => {
    if (as !== null) step({ is: "seen", as, asking, granted });
  }, [as, asking, granted]);

  const words: Key = granted
    ? "guest.driving"
    : asking
      ? "guest.asking"
      : outcome !== null
        ? (`guest.${outcome}` satisfies Key)
        : "guest.watching";

  // What the guest's own hand did need not be read out; the first line is the page's.
  useEffect(() => {
    const before = told.current;
    told.current = words;
    if (before === null || before === words || words === "guest.watching") return;
    speak(t(words === "guest.driving" ? "guest.driving_told" : words, { owner: isolated(owner) }));
  }, [words, owner]);

  const release = () => {
    step({ is: "released" });
    session.release();
    focus();
  };
  const ask = () => {
    step({ is: "asked" });
    session.ask();
    focus();
  };

  const lag = all.self?.lag ?? 0;
  return (
    <section class="share-banner guest" aria-label={t("share.banner")}>
      <Row
        tone={granted ? "types" : "quiet"}
        icon={granted ? "keyboard" : asking ? "hand" : "xray"}
        actions={
          <>
            {!granted && children}
            <Who audience={all} />
            {granted ? (
              <button type="button" class="button small primary" data-part onClick={release}>
                {t("guest.give_back")}
              </button>
            ) : asking ? (
              <button type="button" class="button small" data-part onClick={release}>
                {t("guest.withdraw")}
              </button>
            ) : (
              <button type="button" class="button small" data-part onClick={ask}>
                {t("guest.ask")}
              </button>
            )}
          </>
        }
      >
        <strong>{said(words, { owner: name })}</strong>{" "}
        {granted ? (
          <span class="share-note">{said("guest.driving_note", { owner: name })}</span>
        ) : (
          <Others all={all} owner={words === "guest.watching" ? owner : null} />
        )}
      </Row>
      {lag > FAR_BEHIND && (
        <Row tone="quiet" icon="warn">
          {t("guest.behind", { size: bytes(lag) })}
        </Row>
      )}
    </section>
  );
}

/** Who has the keyboard, unless that is said already or it is nobody to speak of; and who else watches. */
function Others({ all, owner }: { all: Audience; owner: string | null }) {
  const { driver } = all;
  const guests = namesOf(all.guests.filter((guest) => guest !== driver)).length;
  const away = driver === null && owner !== null && all.others.every((person) => person.kind !== "owner");
  const notes = [
    driver?.kind === "guest" && said("guest.other_types", { name: <Name>{driver.name}</Name> }),
    driver?.kind === "own" && t("guest.own_types"),
    away && said("guest.owner_away", { owner: <Name>{owner}</Name> }),
    guests > 0 && tn("guest.others", guests),
  ].filter((note) => note !== false);
  return (
    <>
      {notes.map((note, at) => (
        <span class="share-note" key={at}>
          {note}{" "}
        </span>
      ))}
    </>
  );
}
