import type { Terminal } from "@xterm/xterm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Aloud, bounded, MOST_LINES } from "../src/terminal/aloud";
import { Commands } from "../src/terminal/prompts";
import { emulator, write } from "./support/emulator";

const mark = (data: string) => `\x1b]133;${data}\x07`;
let term: Terminal;
let aloud: Aloud;
let muted: boolean;

beforeEach(() => {
  muted = false;
  term = emulator(60, 10);
  aloud = new Aloud(term, new Commands(term, () => undefined), () => muted);
  aloud.set(true);
});
afterEach(() => {
  aloud.dispose();
  term.dispose();
});

const lines = () => aloud.said.value?.lines;
const quiet = (wanted: unknown) => vi.waitFor(() => expect(lines()).toEqual(wanted), { timeout: 3_000 });

async function enter(text: string): Promise<void> {
  await write(term, text);
  aloud.typed("\r");
  await write(term, "\r\n");
}

describe("what is read aloud", () => {
  it("is what a command printed, when the shell says that it has ended", async () => {
    await write(term, `${mark("A")}$ ${mark("B")}`);
    await enter("ls");
    await write(term, `${mark("C")}one\r\ntwo\r\n${mark("D;3")}${mark("A")}$ ${mark("B")}`);
    expect(aloud.said.value).toMatchObject({ lines: ["one", "two"], more: 0, code: 3 });
  });

  it("is what came, once it is quiet, where the shell says nothing; its prompt is not read", async () => {
    await write(term, "$ ");
    await enter("ls");
    await write(term, "one\r\ntwo\r\n$ ");
    await quiet(["one", "two"]);
    expect(aloud.said.value?.code).toBe(null);
  });

  it("is a question too, though its line has no end", async () => {
    await write(term, "$ ");
    await enter("rm -i x");
    await write(term, "remove 'x'? ");
    await quiet(["remove 'x'?"]);
  });

  it("is what a key put on the line", async () => {
    await write(term, "$ cat /et");
    aloud.typed("\t");
    await write(term, "c/");
    await quiet(["c/"]);
  });

  it("is nothing of old output, nor of a full-screen program, nor while it is off", async () => {
    const run = async () => {
      await write(term, `${mark("A")}$ `);
      await enter("x");
      await write(term, `${mark("C")}out\r\n${mark("D;0")}`);
    };
    muted = true;
    await run();
    muted = false;
    aloud.set(false);
    await run();
    expect(aloud.said.value).toBe(null);
  });

  it("is as much as one can listen to, the end of it, with nothing in it that could act", () => {
    const much = bounded(Array.from({ length: 1_000 }, (_, at) => `line ${at}`).join("\n"));
    expect(much.lines).toHaveLength(MOST_LINES);
    expect([much.lines.at(-1), much.more]).toEqual(["line 999", 1_000 - MOST_LINES]);
    expect(bounded("x".repeat(100_000)).lines.join("").length).toBeLessThanOrEqual(900);
    expect(bounded("a\u202eb\u200b").lines).toEqual(["ab"]);
    expect(bounded("")).toEqual({ lines: [], more: 0 });
  });
});
