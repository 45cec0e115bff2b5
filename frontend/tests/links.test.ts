import type { Terminal } from "@xterm/xterm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Links, misleads } from "../src/terminal/links";
import { emulator, write } from "./support/emulator";

const osc8 = (uri: string, text: string) => `\x1b]8;;${uri}\x1b\\${text}\x1b]8;;\x1b\\`;

let term: Terminal;
let links: Links;
let opened: unknown[][];

beforeEach(() => {
  opened = [];
  vi.spyOn(window, "open").mockImplementation((...args: unknown[]) => {
    opened.push(args);
    return null;
  });
  term = emulator();
  links = new Links(term);
});
afterEach(() => {
  term.dispose();
});

describe("links in the output", () => {
  it("are listed with their real target, the newest first, each once", async () => {
    await write(
      term,
      `see https://example.org/a. Again https://example.org/a\r\n${osc8("https://real.example/x", "docs")}\r\n`,
    );
    expect(links.list()).toEqual([
      { uri: "https://example.org/a", text: null },
      { uri: "https://real.example/x", text: "docs" },
    ]);
  });

  it("are found whole where the line was too short for them", async () => {
    const long = `https://example.org/${"a".repeat(60)}`;
    await write(term, `${long}\r\n`);
    expect(links.list()).toEqual([{ uri: long, text: null }]);
  });

  it("lead to the web or nowhere", async () => {
    for (const uri of ["javascript:alert(1)", "data:text/html,x", "file:///etc/passwd", "ssh://x", "vbscript:x"]) {
      await write(term, `${osc8(uri, "click")}\r\n${uri}\r\n`);
      links.follow({ uri, text: null });
    }
    expect([links.list(), links.asked.value, opened]).toEqual([[], null, []]);
  });

  it("open in a tab that knows nothing of this page", () => {
    links.follow({ uri: "https://example.org/", text: null });
    expect(opened).toEqual([["https://example.org/", "_blank", "noopener,noreferrer"]]);
  });

  it("are asked about when their text names another place", () => {
    const link = { uri: "https://evil.example/", text: "https://github.com/login" };
    links.follow(link);
    expect([links.asked.value, opened]).toEqual([link, []]);
  });

  it.each([
    ["https://github.com/x", true],
    ["github.com", true],
    ["GitHub.com/login", true],
    ["bücher.example", true],
    ["evil.example/path", false],
    ["www.evil.example", false],
    ["the docs", false],
    ["README.md and more", false],
  ])("with the text %s misleads: %s", (text, lies) => {
    expect(misleads({ uri: "https://evil.example/a", text })).toBe(lies);
  });

  it("are not kept without end", async () => {
    const many = Array.from({ length: 1_000 }, (_, at) => `${osc8(`https://example.org/${at}`, `l${at}`)}\r\n`).join(
      "",
    );
    const bare = emulator(); // keeps account of its own
    await Promise.all([write(term, many), write(bare, many)]);
    expect(term.markers.length - bare.markers.length).toBeLessThanOrEqual(301);
    expect(links.list()).toHaveLength(50);
    bare.dispose();
  });
});
