import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Kind } from "../src/protocol/pty";
import { type Screen, Session } from "../src/terminal/session";
import { Random } from "./support/random";
import { ATTACHMENT, goLive, settle } from "./support/session";
import { FakeSocket } from "./support/socket";
import { inputAck, json, output, replay, welcome } from "./support/worker";

/** Counts what it is given; parses now and then. */
class CountingScreen implements Screen {
  cols = 80;
  rows = 24;
  pixels = { x: 0, y: 0 };
  waiting: (() => void)[] = [];
  write(_data: Uint8Array | string, parsed: () => void): void {
    this.waiting.push(parsed);
  }
  parse(): void {
    while (this.waiting.length > 0) this.waiting.shift()?.();
  }
  reset(): void {}
  resizeTo(cols: number, rows: number): void {
    expect(cols).toBeLessThanOrEqual(500);
    expect(rows).toBeLessThanOrEqual(1000);
  }
  mute(): void {}
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  FakeSocket.install();
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function frame(random: Random): Uint8Array<ArrayBuffer> {
  const offset = random.below(5_000);
  const span = [random.below(3), offset, offset + random.below(2_000)] as const;
  const place = random.next() < 0.05 ? [255, 255] : [0, 0];
  const at = [...place, 0, 0, 0, 0, random.below(20), random.below(256)];
  switch (random.below(12)) {
    case 0:
      return welcome({ head: offset, driver: random.next() < 0.5, epoch: random.pick(["e1", "e2"]) });
    case 1:
      return replay(Kind.REPLAY_BEGIN, ...span);
    case 2:
      return replay(Kind.REPLAY_END, ...span);
    case 3:
      return Uint8Array.of(Kind.SIZE, ...at, ...random.bytes(4));
    case 4:
      return Uint8Array.of(Kind.MARK, ...at, random.below(9), ...new TextEncoder().encode('{"text":"x"}'));
    case 5:
      return json(Kind.STATE, { driver: random.below(3), viewers: [], flow: "open" });
    case 6:
      return json(Kind.EXIT, { code: 1, oom: false });
    case 7:
      return inputAck(random.below(9), random.below(6));
    case 8:
      return Uint8Array.of(Kind.GAP, ...at, ...at);
    case 9:
      return random.bytes(random.below(30));
    case 10:
      return Uint8Array.of(Kind.PONG, ...random.bytes(16));
    default:
      return output(random.below(3) === 0 ? offset : 0, random.bytes(random.below(500)));
  }
}

it.each([11, 12, 13, 14])("any frames in any order: nothing is thrown, nothing typed (seed %i)", async (seed) => {
  const random = new Random(seed);
  const screen = new CountingScreen();
  const session = new Session(async () => ATTACHMENT, screen);
  session.open();
  let live = 0;
  for (let run = 0; run < 1_500; run += 1) {
    await vi.advanceTimersByTimeAsync(random.below(4) === 0 ? 400 : 0);
    const socket = FakeSocket.all.at(-1);
    if (random.next() < 0.3) screen.parse();
    if (socket === undefined) continue;
    if (socket.readyState === 0) socket.opens();
    if (socket.readyState !== 1) {
      if (session.state.value.phase !== "reconnecting") session.retry(); // it ended, or was told nonsense
      continue;
    }
    if (socket.sent.length === 1 && random.next() < 0.7) socket.says(welcome({ epoch: "e1" }));
    if (session.state.value.phase === "live") live += 1;
    if (random.next() < 0.02) socket.closes(random.pick([1006, 4400, 4404, 4410, 4503]));
    else socket.says(frame(random));
  }
  expect(live).toBeGreaterThan(50); // it came to something, not only to refusals
  for (const socket of FakeSocket.all) expect(socket.frames(Kind.INPUT)).toEqual([]);
  session.dispose();
});

it("marks without end are kept within bounds, those of output that never comes too", async () => {
  const screen = new CountingScreen();
  const session = new Session(async () => ATTACHMENT, screen);
  await goLive(session);
  FakeSocket.last().says(output(0, "x".repeat(9_000)));
  screen.parse();
  const mark = (at: number) =>
    Uint8Array.of(Kind.MARK, 0, 0, 0, 0, 0, at >> 16, (at >> 8) & 255, at & 255, 0, 0x7b, 0x7d);
  for (let at = 1; at <= 9_000; at += 1) FakeSocket.last().says(mark(at));
  for (let at = 10_000; at < 20_000; at += 1) FakeSocket.last().says(mark(at));
  await settle();
  expect(session.marks.value.length).toBeLessThanOrEqual(2_000);
  FakeSocket.last().says(output(9_000, new Uint8Array(20_000)));
  expect(screen.waiting.length).toBeLessThanOrEqual(4_200);
  screen.parse();
  await settle();
  expect(session.marks.value.length).toBeLessThanOrEqual(2_000);
  expect(session.marks.value.at(-1)?.at).toBe(10_000 + 4_095);
  session.dispose();
});

it("more output than was ever granted ends the connection", async () => {
  const screen = new CountingScreen();
  const session = new Session(async () => ATTACHMENT, screen);
  await goLive(session);
  const chunk = new Uint8Array(64 * 1024);
  for (let count = 0; count < 200 && session.state.value.phase === "live"; count += 1) {
    FakeSocket.last().says(output(count * chunk.length, chunk));
  }
  expect(session.state.value.phase).toBe("reconnecting");
  expect(screen.waiting.length).toBeLessThan(80);
  session.dispose();
});
