/** Sentences with names in them. */
import { type ComponentChildren, Fragment } from "preact";
import { type Key, t } from "../../i18n/index";

/** The words for `key`, with what `holes` has in the place of `{name}`: elements, not text. */
export function said(key: Key, holes: Record<string, ComponentChildren>): ComponentChildren {
  const parts = t(key).split(/\{(\w+)\}/); // words and names of holes take turns
  return parts.map((part, at) => <Fragment key={at}>{at % 2 === 1 ? (holes[part] ?? "") : part}</Fragment>);
}

/** A name keeps its own direction, and cannot be taken for the page's words. */
export const Name = ({ children }: { children: string }) => <bdi class="person-name">{children}</bdi>;

/** “ann watches”, “ann and bob watch”, “ann, bob and 3 more watch”. */
export function watching(names: readonly string[]): ComponentChildren {
  const [first = "", second = ""] = names;
  const holes = { first: <Name>{first}</Name>, second: <Name>{second}</Name>, more: names.length - 2 };
  if (names.length === 1) return said("share.watches_one", holes);
  if (names.length === 2) return said("share.watches_two", holes);
  return said("share.watches_more", holes);
}
