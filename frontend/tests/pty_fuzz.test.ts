import { expect, it } from "vitest";
import { COLS, decode, FrameError, Kind, ROWS } from "../src/protocol/pty";
import { Random } from "./support/random";
import { json, output, replay, welcome } from "./support/worker";

const SOUND = [
  welcome({ head: 7 }),
  output(5, "abc"),
  replay(Kind.REPLAY_BEGIN, 1, 3, 9),
  json(Kind.STATE, { driver: 1, viewers: [{ id: 1 }], flow: "open" }),
  json(Kind.EXIT, { code: 0, oom: false }),
  json(Kind.ERROR, { code: "x", msg: "y", close: 4400 }),
  Uint8Array.of(Kind.SIZE, ...new Array(12).fill(255)),
  Uint8Array.of(Kind.MARK, 0, 0, 0, 0, 0, 0, 0, 9, 3, ...new TextEncoder().encode('{"status":1,"text":"t"}')),
];

/** A frame, null for an unknown kind, or a FrameError; whatever else is thrown fails the test. */
function attempt(bytes: Uint8Array<ArrayBuffer>): "frame" | "unknown" | "refused" {
  try {
    const frame = decode(bytes.buffer);
    if (frame === null) return "unknown";
    if (frame.kind === Kind.SIZE) {
      expect(frame.cols).toBeLessThanOrEqual(COLS.max);
      expect(frame.rows).toBeLessThanOrEqual(ROWS.max);
    }
    return "frame";
  } catch (error) {
    if (error instanceof FrameError) return "refused";
    throw error;
  }
}

it.each([1, 2, 3])("any bytes are a frame, unknown or refused (seed %i)", (seed) => {
  const random = new Random(seed);
  const seen = new Set<string>();
  for (let run = 0; run < 4_000; run += 1) {
    const bytes = random.bytes(random.below(40));
    if (bytes.length > 0 && random.next() < 0.9) bytes[0] = 0x81 + random.below(14);
    seen.add(attempt(bytes));
  }
  expect([...seen].sort()).toEqual(["frame", "refused", "unknown"]);
});

it.each([4, 5, 6])("a sound frame with wrong bytes in it is one, too (seed %i)", (seed) => {
  const random = new Random(seed);
  for (let run = 0; run < 4_000; run += 1) {
    const sound = random.pick(SOUND);
    const bytes = sound.slice(0, random.next() < 0.3 ? random.below(sound.length + 1) : sound.length);
    for (let flips = random.below(4); flips > 0 && bytes.length > 0; flips -= 1) {
      bytes[random.below(bytes.length)] = random.below(256);
    }
    attempt(bytes);
  }
});

it.each([
  ["null", "null"],
  ["a list", "[]"],
  ["a number", "7"],
  ["nested without end", `${"[".repeat(20_000)}`],
])("JSON that is %s is refused", (_what, text) => {
  for (const kind of [Kind.WELCOME, Kind.STATE, Kind.EXIT, Kind.ERROR]) {
    const frame = Uint8Array.of(kind, ...new TextEncoder().encode(text));
    expect(attempt(frame)).toBe("refused");
  }
});

it("an offset that a number cannot hold is refused", () => {
  expect(attempt(Uint8Array.of(Kind.OUTPUT, 255, 255, 255, 255, 255, 255, 255, 255, 65))).toBe("refused");
});

it("a mark's text is cut to what is of use", () => {
  const long = new TextEncoder().encode(JSON.stringify({ text: "x".repeat(50_000) }));
  const frame = decode(Uint8Array.of(Kind.MARK, 0, 0, 0, 0, 0, 0, 0, 1, 4, ...long).buffer);
  expect(frame).toMatchObject({ kind: Kind.MARK, body: { text: "x".repeat(1024) } });
});
