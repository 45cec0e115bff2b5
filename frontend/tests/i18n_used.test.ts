import { expect, it } from "vitest";

const dictionaries = Object.entries(
  import.meta.glob<Record<string, string>>("../src/i18n/*.en.ts", { import: "default", eager: true }),
);

/** The product's own source, as text: no tests, and not the dictionaries, which would find themselves. */
const sources = import.meta.glob<string>(
  ["../src/**/*.{ts,tsx}", "!../src/**/*.test.*", "!../src/i18n/*.{en,zh-hans}.ts"],
  { query: "?raw", import: "default", eager: true },
);
const text = Object.values(sources).join("\n");

/** `"a.b"` names itself; `a.${x}_words` names whatever fits its holes. Both may be the stem of a pair for counting. */
const exact = new Set([...text.matchAll(/["'`]([a-z]\w*\.[\w.-]+)["'`]/g)].map((found) => found[1] ?? ""));
const patterns = [...text.matchAll(/`([a-z]\w*\.[\w-]*\$\{[^`]*)`/g)]
  .map((found) => (found[1] ?? "").split(/\$\{[^}]*\}/))
  .filter((fixed) => fixed.every((part) => /^[\w.-]*$/.test(part)))
  .map((fixed) => new RegExp(`^${fixed.map((part) => part.replaceAll(".", "\\.")).join("[\\w-]+")}$`));

const named = (key: string) => exact.has(key) || patterns.some((pattern) => pattern.test(key));

it.each(dictionaries)("every text of %s is used somewhere", (_path, english) => {
  const unused = Object.keys(english).filter((key) => !named(key) && !named(key.replace(/_(one|other)$/, "")));
  expect(unused).toEqual([]);
});
