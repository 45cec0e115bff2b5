/** Who looks at a terminal, told as this page sees them. A name is anybody's text: it is cut down to what a name needs. */
import { t } from "../../i18n/index";
import type { ViewerBody } from "../../protocol/generated";
import type { Tab } from "../tab";

const NAME_LENGTH = 32;
/** A guest that many bytes behind sees another moment than the one who types. */
export const FAR_BEHIND = 256 * 1024;

export interface Person {
  id: number;
  name: string;
  /** `self` is this page, `own` another page of the same person; `owner` is whose container it is, if that is another. */
  kind: "self" | "own" | "owner" | "guest";
  /** Has the keyboard. */
  types: boolean;
  asks: boolean;
  granted: boolean;
  /** Looks elsewhere at the moment: the page is in the background. */
  away: boolean;
  /** Bytes behind. */
  lag: number;
}

/** What of a session's state tells who is there. */
export interface Seen {
  viewers: readonly ViewerBody[];
  me: number | null;
  /** Whose keys reach the shell. */
  driving: number | null;
}

export interface Audience {
  self: Person | null;
  /** All but this page. */
  others: readonly Person[];
  guests: readonly Person[];
  /** Those who want to type, in the order they came. */
  asking: readonly Person[];
  driver: Person | null;
}

/** No control characters, nothing that turns the line around or takes no room, at most 32 characters. */
export function plainName(name: string): string {
  const plain = name
    .replace(/\p{C}|[\u2028\u2029\u115f\u1160\u3164\uffa0]/gu, " ")
    .replace(/(\p{M}{2})\p{M}+/gu, "$1") // marks piled up would reach into the lines around
    .replace(/\s+/g, " ")
    .trim();
  const letters = [...plain];
  if (letters.length === 0) return t("share.nameless");
  return letters.length <= NAME_LENGTH
    ? plain
    : `${letters
        .slice(0, NAME_LENGTH - 1)
        .join("")
        .trimEnd()}…`;
}

/** A name within a sentence that is only text, as for a screen reader: its direction stays its own. */
export const isolated = (name: string): string => `\u2068${plainName(name)}\u2069`;

export function audience({ viewers, me, driving }: Seen): Audience {
  const mine = viewers.find((viewer) => viewer.id === me);
  const people = viewers.map((viewer): Person => {
    const same = mine !== undefined && viewer.owner === mine.owner && viewer.name === mine.name;
    return {
      id: viewer.id,
      name: plainName(viewer.name),
      kind: viewer.id === me ? "self" : same ? "own" : viewer.owner ? "owner" : "guest",
      types: viewer.id === driving,
      asks: viewer.asking ?? false,
      granted: viewer.granted ?? false,
      away: !viewer.visible,
      lag: viewer.lag ?? 0,
    };
  });
  const others = people.filter((person) => person.kind !== "self");
  return {
    self: people.find((person) => person.kind === "self") ?? null,
    others,
    guests: others.filter((person) => person.kind === "guest"),
    asking: others.filter((person) => person.asks),
    driver: people.find((person) => person.types) ?? null,
  };
}

/** Each person once, however many pages they have open. */
export const namesOf = (people: readonly Person[]): string[] => [...new Set(people.map((person) => person.name))];

/** What a terminal is called here. Never by the title that the program in it gives itself: that is anybody's text. */
export function labelOf({ name, program, ordinal }: Pick<Tab, "name" | "program" | "ordinal">): string {
  return name.value || (ordinal > 1 ? `${program} ${ordinal}` : program);
}
