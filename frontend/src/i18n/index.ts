/** The page's words, of the one language it is in. Keys are checked by the compiler, parity by a test. */
import type { Language } from "../protocol/rest";
import type { english } from "./english";

/** Every key there is. English is the source: the other dictionaries are typed by it. */
export type Key = keyof typeof english;

/** Keys that come as a pair `…_one` and `…_other`. */
export type CountKey = Key extends infer K ? (K extends `${infer Base}_other` ? Base : never) : never;

export type Params = Record<string, string | number>;

type Words = Readonly<Record<Key, string>>;

const learned: Partial<Record<Language, Words>> = {};
let current: Language = "en";
let words: Partial<Words> = {};

/** Fetches the words of a language, a script of their own: a page needs those of one. To be awaited before `setLanguage`. */
export async function learn(language: Language): Promise<void> {
  learned[language] = language === "en" ? (await import("./english")).english : (await import("./chinese")).chinese;
}

export function setLanguage(language: Language): void {
  current = language;
  words = learned[language] ?? {};
}

export const language = (): Language => current;

/** The BCP 47 tag for `Intl` and `<html lang>`. */
export const locale = (): string => (current === "zh-hans" ? "zh-Hans" : "en");

/** The words for `key`, with `{name}` replaced by `params.name`. */
export function t(key: Key, params: Params = {}): string {
  return fill(words[key] ?? key, params);
}

/** As `t`, with the form for `count`, which is also the parameter `{count}`: `12,345`. */
export function tn(key: CountKey, count: number, params: Params = {}): string {
  const form = current === "en" && count === 1 ? "one" : "other"; // Chinese has one form for all
  return t(`${key}_${form}` as Key, { count: count.toLocaleString(locale()), ...params });
}

function fill(text: string, params: Params): string {
  return text.replace(/\{(\w+)\}/g, (hole, name: string) => String(params[name] ?? hole));
}
