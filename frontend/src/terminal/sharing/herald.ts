/** Says aloud who comes, asks and types, in all terminals of the page: the banner is only over the one in front. */
import { effect } from "@preact/signals";
import { t } from "../../i18n/index";
import { announce, speak } from "../../ui/announce";
import type { Book } from "../book";
import { audience, isolated, labelOf, namesOf, type Seen } from "./people";

export interface Company {
  guests: readonly string[];
  asking: readonly string[];
  /** The guest that types. */
  typing: string | null;
}

export function company(seen: Seen): Company {
  const { guests, asking, driver } = audience(seen);
  return {
    guests: namesOf(guests),
    asking: namesOf(asking),
    typing: driver?.kind === "guest" ? driver.name : null,
  };
}

/** What is to be said of the change; `urgent` also where the terminal is not in front. */
export function news(
  before: Company | null,
  now: Company,
  terminal: string | null,
): { text: string; urgent: boolean }[] {
  const said: { text: string; urgent: boolean }[] = [];
  const say = (text: string, urgent = false) => said.push({ text, urgent });
  for (const name of fresh(now.asking, before?.asking)) {
    const params = { name: isolated(name), terminal: isolated(terminal ?? "") };
    say(t(terminal === null ? "share.asks_told" : "share.asks_elsewhere", params), true);
  }
  if (before === null) return said;
  if (now.typing !== null && now.typing !== before.typing) {
    const params = { name: isolated(now.typing), terminal: isolated(terminal ?? "") };
    say(t(terminal === null ? "share.types_told" : "share.types_elsewhere", params), true);
  } else if (now.typing === null && before.typing !== null) {
    say(t("share.taken_told"));
  }
  for (const name of fresh(now.guests, before.guests)) say(t("share.joined_told", { name: isolated(name) }));
  for (const name of fresh(before.guests, now.guests)) say(t("share.left_told", { name: isolated(name) }));
  return said;
}

const fresh = (names: readonly string[], known: readonly string[] = []): string[] =>
  names.filter((name) => !known.includes(name));

/** Until the returned function is called. */
export function herald(book: Book): () => void {
  const before = new Map<string, Company>();
  return effect(() => {
    const spoken: string[] = [];
    for (const tab of book.tabs.value) {
      const state = tab.parts.value?.session.state.value;
      if (state?.phase !== "live" || state.me === null) continue;
      const now = company(state);
      const front = tab.id === book.active.peek();
      for (const { text, urgent } of news(before.get(tab.id) ?? null, now, front ? null : labelOf(tab))) {
        if (front) spoken.push(text);
        else if (urgent) announce(text);
      }
      before.set(tab.id, now);
    }
    if (spoken.length > 0) speak(spoken.join(" "));
  });
}
