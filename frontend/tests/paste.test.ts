import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { pastable } from "../src/terminal/clipboard";
import { doubtful, LARGE_BYTES, Paste, pieces, typed } from "../src/terminal/paste";

describe("a paste", () => {
  it("holds no key but tab and line ends, and no end of its own brackets, however nested", () => {
    expect(pastable("a\tb\r\nc\n")).toBe("a\tb\r\nc\n");
    expect(pastable("a\x1b[201~b\x9b201~c\x1b[200~d")).toBe("abcd");
    expect(pastable("\x1b[20\x1b[201~1~x")).not.toContain("\x1b");
    expect(pastable("\x03\x04\x15\x1b[A\x7f\x85ls")).toBe("[Als");
    expect(pastable("你好 👩‍👩‍👧")).toBe("你好 👩‍👩‍👧");
  });

  it("is asked about when each line would run, or it is large", () => {
    expect(doubtful("ls\n", false)).toBe(null);
    expect(doubtful("ls\nrm x\n", true)).toBe(null);
    expect(doubtful("ls\nrm x\n", false)).toMatchObject({ lines: 2, runs: true });
    expect(doubtful("ls\rrm x", false)).toMatchObject({ lines: 2, runs: true });
    expect(doubtful("好".repeat(LARGE_BYTES / 3), true)).toBe(null);
    expect(doubtful("好".repeat(LARGE_BYTES / 3 + 1), true)).toMatchObject({ lines: 1, runs: false });
  });

  it("is cut into pieces that add up and never end inside a character", () => {
    const text = `x${"👍".repeat(50)}`;
    const cut = [...pieces(text, 8)];
    expect(cut.join("")).toBe(text);
    expect(cut.length).toBeGreaterThan(12);
    expect(() => cut.map(encodeURIComponent)).not.toThrow(); // half a character has no encoding
  });

  it("has the Enter key's line ends", () => expect(typed("a\nb\r\nc\r")).toBe("a\rb\rc\r"));
});

describe("on its way", () => {
  let sent: string[];
  let backlog: number | null;
  let bracketed: boolean;
  let paste: Paste;
  const large = "y".repeat(30_000);

  beforeEach(() => {
    vi.useFakeTimers();
    [sent, backlog, bracketed] = [[], 0, false];
    paste = new Paste({
      send: (text) => void sent.push(text),
      backlog: () => backlog,
      bracketed: () => bracketed,
    });
  });
  afterEach(() => vi.useRealTimers());

  it("goes at once and whole when it is small, in brackets where the program wants them", async () => {
    expect(await paste.give("ls\n")).toBe(true);
    bracketed = true;
    expect(await paste.give("a\nb")).toBe(true);
    expect(sent).toEqual(["ls\r", "\x1b[200~a\rb\x1b[201~"]);
  });

  it("waits for a person's word, and goes as that person left it", async () => {
    const given = paste.give("one\ntwo");
    expect(paste.asked.value).toMatchObject({ lines: 2, runs: true });
    expect(await paste.give("another")).toBe(false); // one question at a time
    paste.answer("one");
    expect(await given).toBe(true);
    expect(sent).toEqual(["one"]);
    const refused = paste.give("one\ntwo");
    paste.answer(null);
    expect(await refused).toBe(false);
    expect([sent, paste.asked.value]).toEqual([["one"], null]);
  });

  it("goes on no faster than the program reads", async () => {
    const given = paste.give(large);
    backlog = 64 * 1024;
    paste.answer(large);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(sent.join("")).toBe("");
    expect(paste.progress.value).toEqual({ sent: 0, total: large.length });
    backlog = 0;
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await given).toBe(true);
    expect(sent.join("")).toBe(large);
    expect(paste.progress.value).toBe(null);
  });

  it("can be stopped, also by the end of the connection, and closes its brackets then", async () => {
    bracketed = true;
    const lose = () => {
      backlog = null;
    };
    for (const end of [() => paste.stop(), lose]) {
      sent = [];
      backlog = 0;
      const given = paste.give(large);
      paste.answer(large);
      backlog = 64 * 1024;
      await vi.advanceTimersByTimeAsync(100);
      end();
      await vi.advanceTimersByTimeAsync(100);
      await given;
      expect(sent.join("").length).toBeLessThan(large.length);
      expect(sent[0]).toBe("\x1b[200~");
      expect(sent.at(-1)).toBe("\x1b[201~");
      expect(paste.progress.value).toBe(null);
    }
  });
});
