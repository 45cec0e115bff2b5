import { afterEach, describe, expect, it } from "vitest";
import { type Key, setLanguage, t, tn } from "../src/i18n";
import { chinese } from "../src/i18n/chinese";
import { english } from "../src/i18n/english";
import { ago, bytes } from "../src/i18n/format";

type Dictionary = Record<string, string>;

const files = import.meta.glob<Dictionary>("../src/i18n/*.*.ts", { eager: true, import: "default" });
const pairs = Object.entries(files).flatMap(([file, english]) =>
  file.endsWith(".en.ts")
    ? [
        [
          file.slice("../src/i18n/".length, -".en.ts".length),
          english,
          files[file.replace(".en.", ".zh-hans.")] ?? {},
        ] as const,
      ]
    : [],
);

/** English has ordinals (`{nth}`: "65th") where Chinese takes the number (`{next}`): callers give both. */
const holes = (text: string) =>
  [...text.matchAll(/\{(\w+)\}/g)].map((match) => match[1]?.replace(/^nth$/, "next")).sort();

afterEach(() => setLanguage("en"));

describe.each(pairs)("the %s dictionaries", (_name, english, chinese) => {
  it("have the same keys", () => {
    expect(Object.keys(chinese).sort()).toEqual(Object.keys(english).sort());
  });

  it("have the same holes in each text", () => {
    for (const [key, text] of Object.entries(english)) {
      if (key.endsWith("_one")) continue; // English may write the number out
      expect([key, [...new Set(holes(chinese[key] ?? ""))]]).toEqual([key, [...new Set(holes(text))]]);
    }
  });

  it("leave no text empty and none untranslated by accident", () => {
    for (const [key, text] of Object.entries(chinese)) expect([key, text.trim()]).not.toEqual([key, ""]);
  });

  it("set Chinese with its own punctuation, and a space beside Latin letters and figures", () => {
    const wrong = /\p{sc=Han}[,;:!?()]|\p{sc=Han}\.(\s|$)|\)\p{sc=Han}|\p{sc=Han}[A-Za-z0-9]|[A-Za-z0-9]\p{sc=Han}/u;
    expect(Object.entries(chinese).filter(([, text]) => wrong.test(text))).toEqual([]);
  });
});

it("no two dictionaries claim the same key", () => {
  const keys = pairs.flatMap(([, english]) => Object.keys(english));
  expect(keys.filter((key, index) => keys.indexOf(key) !== index)).toEqual([]);
});

it("every pair is part of what is said, in both languages", () => {
  const said = pairs.flatMap(([, english]) => Object.keys(english)).sort();
  expect(Object.keys(english).sort()).toEqual(said);
  expect(Object.keys(chinese).sort()).toEqual(said);
});

describe("words", () => {
  it("are filled in, and what is not given stays visible", () => {
    expect(t("format.bytes", { value: "4,096" })).toBe("4,096 bytes");
    expect(t("format.bytes")).toBe("{value} bytes");
    setLanguage("zh-hans");
    expect(t("format.bytes", { value: 1 })).toBe("1 字节");
  });

  it("do not let a parameter's text be read as a hole", () => {
    expect(t("format.bytes", { value: "{value}" })).toBe("{value} bytes");
  });

  it("know one from many", () => {
    expect(tn("format.layers", 1)).toBe("1 layer");
    expect(tn("format.layers", 3)).toBe("3 layers");
    expect(tn("format.layers", 12_345)).toBe("12,345 layers");
    setLanguage("zh-hans");
    expect(tn("format.layers", 1)).toBe("1 层");
  });

  it("fall back to the key, should one be missing", () => {
    expect(t("no.such" as Key)).toBe("no.such");
  });
});

describe("figures", () => {
  it.each([
    [0, "0 B"],
    [1023, "1,023 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [268_435_456, "256 MiB"],
    [1_234_567, "1.18 MiB"],
  ])("%i bytes are %s", (value, text) => expect(bytes(value)).toBe(text));

  it("ages are in the coarsest unit", () => {
    const now = new Date("2026-01-02T00:00:00Z");
    expect(ago(new Date("2026-01-01T23:59:40Z"), now)).toBe("just now");
    expect(ago(new Date("2026-01-01T23:57:00Z"), now)).toBe("3 minutes ago");
    expect(ago(new Date("2026-01-01T21:00:00Z"), now)).toBe("3 hours ago");
    expect(ago(new Date("2025-12-30T00:00:00Z"), now)).toBe("3 days ago");
  });
});
