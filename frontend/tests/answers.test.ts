import { expect, it } from "vitest";
import { isAnswer } from "../src/terminal/answers";

it("knows a terminal's answers", () => {
  const answers = ["[?1;2c", "[>0;276;0c", "[0n", "[12;40R", "[?12;40R", "[?2026;2$y", "[8;24;80t", "[I", "[O"];
  for (const answer of [...answers, "]10;rgb:0000/0000/0000\x1b\\", "P1$r0m\x1b\\"]) {
    expect(isAnswer(`\x1b${answer}`), answer).toBe(true);
  }
});

it("takes no key for one: what is typed while old output is replayed is typed", () => {
  for (const key of [
    "a",
    "ls -l",
    "\r",
    "\x7f",
    "\x03",
    "\x1b",
    "\x1b[A",
    "\x1bOA",
    "\x1b[1;5C",
    "\x1b[3~",
    "\x1bb",
    "\x1b[200~x",
  ]) {
    expect(isAnswer(key), JSON.stringify(key)).toBe(false);
  }
});
