import type { Terminal } from "@xterm/xterm";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Commands, type Ended } from "../src/terminal/prompts";
import { emulator, write } from "./support/emulator";

const mark = (data: string) => `\x1b]133;${data}\x07`;
const prompt = `${mark("A")}$ ${mark("B")}`;

let term: Terminal;
let commands: Commands;
let ended: Ended[];

beforeEach(() => {
  term = emulator(20, 5);
  commands = new Commands(term, () => undefined);
  ended = [];
  commands.onEnd((one) => ended.push(one));
});
afterEach(() => term.dispose());

describe("commands as the shell tells them", () => {
  it("knows what each printed, wrapped lines whole and without blanks at their ends", async () => {
    await write(term, `${prompt}ls\r\n${mark("C")}one   \r\n${"x".repeat(25)}\r\n${mark("D;0")}${prompt}`);
    expect(commands.lastOutput()).toBe(`one\n${"x".repeat(25)}`);
    expect(ended.map(({ code }) => code)).toEqual([0]);
    await write(term, `false\r\n${mark("C")}${mark("D;1")}${prompt}`);
    expect(commands.lastOutput()).toBe("");
    expect(ended.map(({ code }) => code)).toEqual([0, 1]);
  });

  it("makes do with a shell that tells only prompts and ends", async () => {
    const both = `${mark("D;2")}${prompt}`;
    await write(term, both);
    expect(ended).toEqual([]); // nothing was run before the first prompt
    await write(term, `ls\r\nhello\r\n${both}`);
    expect(commands.lastOutput()).toBe("hello");
    expect(ended.map(({ code }) => code)).toEqual([2]);
  });

  it("counts a prompt that is drawn anew once", async () => {
    await write(term, `${prompt}\r\x1b[K${prompt}\r\x1b[K${prompt}`);
    expect(commands.count.value).toBe(1);
  });

  it("goes back and forth between prompts, and says where there is none", async () => {
    for (const n of [1, 2, 3]) {
      await write(term, `${prompt}run${n}\r\n${mark("C")}${"line\r\n".repeat(8)}${mark("D;0")}`);
    }
    await write(term, prompt);
    const at = () => term.buffer.active.getLine(term.buffer.active.viewportY)?.translateToString(true);
    const seen = [];
    while (commands.jump(-1) !== null) seen.push(at());
    expect(seen).toEqual(["$ run3", "$ run2", "$ run1"]);
    commands.jump(1);
    expect(at()).toBe("$ run2");
  });

  it("bears what any program may print in the shell's name", async () => {
    await write(term, mark("D;0") + mark("C") + mark("D;999999999") + mark("Z") + mark("") + mark("A;x=y"));
    await write(term, `\x1b[?1049h${prompt}${mark("D;0")}\x1b[?1049l`);
    expect(ended).toEqual([]);
    await write(term, `${prompt}\r\n`.repeat(1_500));
    expect(commands.count.value).toBeLessThanOrEqual(500);
  });
});
