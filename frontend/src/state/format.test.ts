import { describe, expect, it } from "vitest";
import { commandLine, coreLimit, cores, niceTop, ordinal, percent, printable, shortDigest, usec } from "./format";

describe("figures", () => {
  it("never round away the last of something", () => {
    expect(percent(0, 128)).toBe("0 %");
    expect(percent(1, 1 << 30)).toBe("< 0.1 %");
    expect(percent(6, 128)).toBe("4.7 %");
    expect(percent(99_999, 100_000)).toBe("99.9 %");
    expect(percent(128, 128)).toBe("100 %");
    expect(percent(5, 0)).toBe("0 %");
  });

  it("write cores with the unit in mind that 1.0 is one core", () => {
    expect(cores(0.4999)).toBe("0.50");
    expect([coreLimit(0.5), coreLimit(1), coreLimit(1.25)]).toEqual(["0.5", "1.0", "1.25"]);
  });

  it("write spans in the unit that fits", () => {
    expect([usec(12), usec(50_000), usec(3_456_000), usec(184_000_000)]).toEqual([
      "12 µs",
      "50 ms",
      "3.5 s",
      "3 min 4 s",
    ]);
  });

  it("count in English", () => {
    expect([1, 2, 3, 11, 65, 101, 129].map(ordinal)).toEqual(["1st", "2nd", "3rd", "11th", "65th", "101st", "129th"]);
  });

  it("grow a scale by doubling, so that it seldom moves", () => {
    expect([niceTop(0, 16), niceTop(16, 16), niceTop(17, 16)]).toEqual([16, 16, 32]);
  });
});

describe("text from inside", () => {
  it("is shown with nothing left that acts", () => {
    expect(printable("a\u001b[31mb\u0000")).toBe("a\\x1b[31mb\\x00");
    expect(printable("x\u202egpj.exe")).toBe("x\\u202egpj.exe");
    expect(printable("两行\n")).toBe("两行\\n");
  });

  it("is a command line as ps prints it", () => {
    expect(commandLine([], "kthreadd")).toBe("[kthreadd]");
    expect(commandLine([""], "python3")).toBe("[python3]");
    expect(commandLine(["sh", "-c", "echo hi there"], "sh")).toBe("sh -c 'echo hi there'");
    expect(commandLine(["/usr/bin/python3", "-m", "x"], "python3", true)).toBe("python3 -m x");
  });

  it("cuts a digest to what can be compared by eye", () => {
    expect(shortDigest("sha256:3f1c09ab24de77aa")).toBe("3f1c09ab24de");
  });
});
