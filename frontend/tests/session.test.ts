import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ApiError } from "../src/protocol/api";
import { Close, Kind, MAX_INPUT, MAX_INPUT_UNACKED } from "../src/protocol/pty";
import { Session } from "../src/terminal/session";
import { FakeScreen } from "./support/screen";
import { ATTACHMENT, goLive, helloOf, settle } from "./support/session";
import { FakeSocket } from "./support/socket";
import { inputAck, json, output, replay, welcome } from "./support/worker";

let screen: FakeScreen;
let attach: ReturnType<typeof vi.fn<() => Promise<typeof ATTACHMENT>>>;
let session: Session;

const acks = (socket: FakeSocket) =>
  socket.frames(Kind.ACK).map((frame) => Number(new DataView(frame.buffer).getBigUint64(1)));

const live = () => goLive(session);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.spyOn(Math, "random").mockReturnValue(1);
  FakeSocket.install();
  screen = new FakeScreen();
  attach = vi.fn(async () => ATTACHMENT);
  session = new Session(attach, screen);
});

afterEach(() => {
  session.dispose();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("connecting", () => {
  it("says HELLO first, with the ticket, the size and nothing had", async () => {
    await live();
    const socket = FakeSocket.last();
    expect(socket.url).toMatch(/^ws:.*\/ws\/terminal\/c\/t$/);
    expect(socket.protocol).toBe("pty.v1");
    expect(helloOf(socket)).toMatchObject({ v: 1, ticket: "ticket", epoch: null, have: null, cols: 80, rows: 24 });
    expect(session.state.value.phase).toBe("live");
  });

  it("is gone when the container is", async () => {
    attach.mockRejectedValue(new ApiError("not-found", "no such container", 404));
    session.open();
    await settle();
    expect(session.state.value.phase).toBe("gone");
  });

  it("keeps trying while the worker is away", async () => {
    attach.mockRejectedValueOnce(new ApiError("worker-unavailable", "away", 503));
    session.open();
    await settle();
    expect(session.state.value.phase).toBe("connecting");
    await vi.advanceTimersByTimeAsync(250);
    expect(attach).toHaveBeenCalledTimes(2);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("asks for a login when there is none, and does not try again", async () => {
    attach.mockRejectedValue(new ApiError("signed-out", "", 401));
    session.open();
    await settle();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(session.state.value).toMatchObject({ phase: "error", problem: "signed-out" });
    expect(attach).toHaveBeenCalledTimes(1);
  });

  it("gives up an attempt that gets no WELCOME", async () => {
    session.open();
    await settle();
    FakeSocket.last().opens();
    await vi.advanceTimersByTimeAsync(10_300);
    expect(FakeSocket.all).toHaveLength(2);
    expect(FakeSocket.all[0]?.closedByPage).toBe(true);
  });
});

describe("output", () => {
  it("acknowledges what is parsed, not what is received", async () => {
    const socket = await live();
    screen.slow = true;
    socket.says(output(0, "a".repeat(20_000)));
    await vi.advanceTimersByTimeAsync(100);
    expect(acks(socket)).toEqual([]);
    screen.parse();
    expect(acks(socket)).toEqual([20_000]);
  });

  it("acknowledges an empty queue at most each 50 ms, and never leaves the last bytes out", async () => {
    const socket = await live();
    await vi.advanceTimersByTimeAsync(100);
    socket.says(output(0, "a"));
    socket.says(output(1, "b"));
    socket.says(output(2, "c"));
    expect(acks(socket)).toEqual([1]);
    await vi.advanceTimersByTimeAsync(60);
    expect(acks(socket)).toEqual([1, 3]);
  });

  it("writes no byte twice", async () => {
    const socket = await live();
    socket.says(output(0, "abc"));
    socket.says(output(1, "bcd"));
    expect(screen.text).toBe("abcd");
  });

  it("connects again when bytes are missing", async () => {
    const socket = await live();
    socket.says(output(0, "abc"));
    socket.says(output(9, "x"));
    expect(session.state.value.phase).toBe("reconnecting");
    expect(screen.text).toBe("abc");
    expect(socket.closedByPage).toBe(true);
  });
});

describe("coming back", () => {
  it("goes on at the very byte", async () => {
    const first = await live();
    first.says(output(0, "abc"));
    first.closes(1006);
    expect(session.state.value.phase).toBe("reconnecting");
    await vi.advanceTimersByTimeAsync(250);
    const second = FakeSocket.last();
    expect(second).not.toBe(first);
    second.opens();
    expect(helloOf(second)).toMatchObject({ epoch: "e1", have: 3 });
    second.says(welcome({ head: 6, replay: { kind: 0, start: 3, end: 6 } }));
    second.says(replay(Kind.REPLAY_BEGIN, 0, 3, 6));
    second.says(output(3, "def"));
    second.says(replay(Kind.REPLAY_END, 0, 3, 6));
    expect(screen.text).toBe("abcdef");
    expect(session.state.value.phase).toBe("live");
    expect(attach).toHaveBeenCalledTimes(2);
  });

  it("waits for the screen to parse what it has before it says what it has", async () => {
    const first = await live();
    screen.slow = true;
    first.says(output(0, "abc"));
    first.closes(Close.WORKER_AWAY);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(FakeSocket.all).toHaveLength(1);
    screen.parse();
    await settle();
    FakeSocket.last().opens();
    expect(helloOf(FakeSocket.last())).toMatchObject({ have: 3 });
  });

  it("starts on a blank screen when the ring has moved on", async () => {
    const socket = await live();
    socket.says(output(0, "old"));
    socket.says(replay(Kind.REPLAY_BEGIN, 1, 1000, 1003));
    socket.says(output(1000, "new"));
    socket.says(replay(Kind.REPLAY_END, 1, 1000, 1003));
    expect(screen.text).toBe("old<reset>new");
  });

  it("is mute from the first replayed byte to the last one parsed", async () => {
    const socket = await live();
    screen.slow = true;
    socket.says(replay(Kind.REPLAY_BEGIN, 0, 0, 3));
    expect(screen.muted).toBe(true);
    socket.says(output(0, "\x1b[c"));
    socket.says(replay(Kind.REPLAY_END, 0, 0, 3));
    expect(screen.muted).toBe(true);
    screen.parse();
    expect(screen.muted).toBe(false);
  });

  it("waits longer each time, and starts short again once it stood", async () => {
    const waits: number[] = [];
    await live();
    for (let round = 0; round < 8; round += 1) {
      const before = FakeSocket.all.length;
      FakeSocket.last().closes(1006);
      const start = performance.now();
      while (FakeSocket.all.length === before) await vi.advanceTimersByTimeAsync(50);
      waits.push(performance.now() - start);
    }
    expect(waits).toEqual([250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    FakeSocket.last().opens();
    FakeSocket.last().says(welcome());
    FakeSocket.last().closes(1006);
    const before = FakeSocket.all.length;
    await vi.advanceTimersByTimeAsync(250);
    expect(FakeSocket.all.length).toBe(before + 1);
  });
});

describe("input", () => {
  it("goes in chunks, in order, and never more than the worker agreed to hold", async () => {
    const socket = await live();
    session.input("x".repeat(MAX_INPUT_UNACKED + 10));
    expect(socket.frames(Kind.INPUT).map((frame) => frame.length - 5)).toEqual([
      MAX_INPUT,
      MAX_INPUT,
      MAX_INPUT,
      MAX_INPUT,
    ]);
    socket.says(inputAck(1));
    expect(socket.frames(Kind.INPUT)).toHaveLength(5);
    expect(socket.frames(Kind.INPUT)[4]?.length).toBe(5 + 10);
  });

  it("that was underway is not sent twice; that had waited is sent", async () => {
    const first = await live();
    session.input("sent");
    first.closes(1006);
    session.input("waited");
    await vi.advanceTimersByTimeAsync(250);
    FakeSocket.last().opens();
    FakeSocket.last().says(welcome());
    const frames = FakeSocket.last().frames(Kind.INPUT);
    expect(frames.map((frame) => new TextDecoder().decode(frame.subarray(5)))).toEqual(["waited"]);
    expect(new DataView(frames[0]?.buffer as ArrayBuffer).getUint32(1)).toBe(1);
  });

  it("that waited for one shell is not given to another", async () => {
    const first = await live();
    first.closes(1006);
    session.input("rm -r .\r");
    await vi.advanceTimersByTimeAsync(250);
    FakeSocket.last().opens();
    FakeSocket.last().says(welcome({ epoch: "e2" }));
    expect(FakeSocket.last().frames(Kind.INPUT)).toEqual([]);
  });

  it("of a page that does not drive stays here", async () => {
    const socket = await live();
    socket.says(json(Kind.STATE, { driver: 2, viewers: [] }));
    session.input("x");
    expect(session.state.value.driver).toBe(false);
    expect(socket.frames(Kind.INPUT)).toEqual([]);
  });

  it("tells when the worker would not take it", async () => {
    const socket = await live();
    session.input("x");
    socket.says(inputAck(1, 3));
    expect(session.state.value.dropped).toBe(true);
  });
});

describe("size", () => {
  it("is told once it has come to rest, and only when it is another", async () => {
    const socket = await live();
    for (const cols of [90, 100, 110]) {
      screen.cols = cols;
      session.resized();
      await vi.advanceTimersByTimeAsync(30);
    }
    await vi.advanceTimersByTimeAsync(60);
    session.resized();
    await vi.advanceTimersByTimeAsync(60);
    const sizes = socket.frames(Kind.RESIZE).map((frame) => new DataView(frame.buffer).getUint16(3));
    expect(sizes).toEqual([110]);
  });

  it("of the one who drives is taken over by the others", async () => {
    session.open();
    await settle();
    FakeSocket.last().opens();
    FakeSocket.last().says(welcome({ driver: false, cols: 132, rows: 50 }));
    expect([screen.cols, screen.rows]).toEqual([132, 50]);
    expect(FakeSocket.last().frames(Kind.RESIZE)).toEqual([]);
  });
});

describe("the end", () => {
  it("comes after the last byte is on the screen", async () => {
    const socket = await live();
    screen.slow = true;
    socket.says(output(0, "bye"));
    socket.says(json(Kind.EXIT, { code: 3, oom: false }));
    expect(session.state.value.phase).toBe("live");
    screen.parse();
    expect(session.state.value).toMatchObject({ phase: "ended", exit: { code: 3 } });
    socket.closes(Close.ENDED);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(session.state.value).toMatchObject({ phase: "ended", exit: { code: 3 } });
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("is followed by a new shell on a blank start", async () => {
    const socket = await live();
    socket.says(output(0, "bye"));
    socket.says(json(Kind.EXIT, { code: 0, oom: false }));
    session.restart();
    await settle();
    FakeSocket.last().opens();
    expect(helloOf(FakeSocket.last())).toMatchObject({ epoch: null, have: null });
  });

  it("gives the new shell what was typed while it was being started", async () => {
    const socket = await live();
    socket.says(json(Kind.EXIT, { code: 0, oom: false }));
    session.input("too late");
    let started = () => {};
    void session.restart(new Promise<void>((resolve) => (started = resolve)));
    session.input("ls\r");
    await settle();
    expect(FakeSocket.all).toHaveLength(1);
    started();
    await settle();
    FakeSocket.last().opens();
    FakeSocket.last().says(welcome({ epoch: "e2" }));
    const typed = FakeSocket.last().frames(Kind.INPUT);
    expect(typed.map((frame) => new TextDecoder().decode(frame.subarray(5)))).toEqual(["ls\r"]);
  });

  it("is as it was when the container could not be started", async () => {
    const socket = await live();
    socket.says(json(Kind.EXIT, { code: 3, oom: false }));
    await session.restart(Promise.reject(new ApiError("no-capacity", "", 503)));
    expect(session.state.value).toMatchObject({ phase: "ended", exit: { code: 3 } });
  });

  it.each([
    [Close.PROTOCOL, "error", "protocol"],
    [Close.ROLE, "error", "refused"],
    [Close.IDLE, "error", "idle"],
    [Close.TAKEN_OVER, "error", "taken-over"],
    [Close.INPUT_QUOTA, "error", "input-quota"],
    [Close.NO_SESSION, "gone", null],
    [Close.ENDED, "ended", null],
    [Close.RESTART, "reconnecting", null],
    [Close.TICKET, "reconnecting", null],
    [Close.RATE, "reconnecting", null],
    [Close.WORKER_AWAY, "reconnecting", null],
    [1001, "reconnecting", null],
    [1006, "reconnecting", null],
  ] as const)("close code %i leaves it %s", async (code, phase, problem) => {
    const socket = await live();
    socket.closes(code);
    expect(session.state.value).toMatchObject({ phase, problem });
  });
});

describe("signs of life", () => {
  it("are asked for each 15 s, and without an answer the connection is dead", async () => {
    const socket = await live();
    await vi.advanceTimersByTimeAsync(15_000);
    expect(socket.frames(Kind.PING)).toHaveLength(1);
    const pong = new Uint8Array(17);
    pong[0] = Kind.PONG;
    socket.says(pong);
    await vi.advanceTimersByTimeAsync(14_999);
    expect(session.state.value.phase).toBe("live");
    await vi.advanceTimersByTimeAsync(10_001);
    expect(session.state.value.phase).toBe("reconnecting");
  });
});
