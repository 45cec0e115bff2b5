import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Kind, RING_BYTES } from "../src/protocol/pty";
import { leaseOf } from "../src/terminal/lease";
import { Session } from "../src/terminal/session";
import { FakeScreen } from "./support/screen";
import { ATTACHMENT, goLive, helloOf, settle } from "./support/session";
import { FakeSocket } from "./support/socket";
import { guest, json, output, replay, viewer, welcome } from "./support/worker";

let screen: FakeScreen;
let session: Session;
let came: number;

const owner = (id: number) => viewer(id, "ada");
const lent = (id: number) => guest(id, "ada", { granted: true });

function placed(kind: number, at: number, rest: number[]): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(9 + rest.length);
  frame[0] = kind;
  new DataView(frame.buffer).setBigUint64(1, BigInt(at));
  frame.set(rest, 9);
  return frame;
}
const size = (at: number, cols: number, rows: number) =>
  placed(Kind.SIZE, at, [cols >> 8, cols & 255, rows >> 8, rows & 255]);
const mark = (at: number, kind: number) => placed(Kind.MARK, at, [kind, 0x7b, 0x7d]);

const live = (part: Parameters<typeof goLive>[1] = {}) => goLive(session, part);

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout", "performance"] });
  vi.spyOn(Math, "random").mockReturnValue(1);
  FakeSocket.install();
  screen = new FakeScreen();
  came = 0;
  session = new Session(async () => ATTACHMENT, screen, { lease: "word", output: () => (came += 1) });
});

afterEach(() => {
  session.dispose();
  vi.useRealTimers();
  vi.unstubAllGlobals();
  sessionStorage.clear();
});

describe("what has a place in the output", () => {
  it("a size is applied there, though it is told before, and bytes after it come in the same frame", async () => {
    const socket = await live({ driver: false });
    screen.text = "";
    socket.says(size(3, 100, 30));
    socket.says(output(0, "abcdef"));
    expect(screen.text).toBe("abc<100x30>def");
  });

  it("a size waits until what is before it is parsed", async () => {
    const socket = await live({ driver: false });
    screen.slow = true;
    socket.says(output(0, "abc"));
    socket.says(size(3, 100, 30));
    socket.says(output(3, "def"));
    expect(screen.cols).toBe(80);
    screen.parse();
    expect(screen.text.endsWith("abc<100x30>def")).toBe(true);
  });

  it("a size of one's own making changes nothing", async () => {
    const socket = await live();
    socket.says(size(0, 100, 30));
    expect(screen.cols).toBe(80);
  });

  it("marks come at their bytes, in order, once each, and are gone with the screen", async () => {
    const heard: number[] = [];
    const socket = await live();
    session.onMark(({ kind }) => heard.push(kind));
    socket.says(mark(2, 0));
    socket.says(mark(4, 6));
    socket.says(mark(4, 3));
    socket.says(output(0, "abcdef"));
    socket.says(mark(4, 3));
    await settle();
    expect(screen.text).toBe("ab<0>cd<6><3>ef");
    expect(heard).toEqual([0, 6, 3]);
    expect(session.marks.value.map(({ kind }) => kind)).toEqual([0, 3]); // a bell is heard, not kept
    socket.says(replay(Kind.REPLAY_BEGIN, 1, 100, 103));
    await settle();
    expect(session.marks.value).toEqual([]);
  });
});

describe("earlier output", () => {
  it("is asked for by a new connection with more history, and shown anew", async () => {
    const filled = vi.fn();
    const socket = await live({ head: 400_000, tail: 1_000 });
    socket.says(replay(Kind.REPLAY_BEGIN, 1, 300_000, 400_000));
    expect(session.state.value.earlier).toBe(299_000);
    session.loadMore(filled);
    await settle();
    const next = FakeSocket.last();
    next.opens();
    expect(helloOf(next)).toMatchObject({ have: null, history: 1024 * 1024 });
    next.says(welcome({ head: 400_000, tail: 1_000 }));
    next.says(replay(Kind.REPLAY_BEGIN, 1, 1_000, 400_000));
    next.says(output(1_000, "old"));
    expect(filled).not.toHaveBeenCalled();
    next.says(replay(Kind.REPLAY_END, 1, 1_000, 400_000));
    expect(filled).toHaveBeenCalledOnce();
    expect(session.state.value).toMatchObject({ phase: "live", earlier: 0 });
    session.loadMore();
    await settle();
    expect(FakeSocket.last()).toBe(next);
  });

  it("never asks for more than there can be", async () => {
    await live();
    for (let run = 0; run < 4; run += 1) {
      FakeSocket.last().says(replay(Kind.REPLAY_BEGIN, 1, 50, 60));
      session.loadMore();
      await settle();
      FakeSocket.last().opens();
      expect(helloOf(FakeSocket.last()).history).toBeLessThanOrEqual(RING_BYTES);
      FakeSocket.last().says(welcome());
    }
  });
});

describe("who types", () => {
  it("is told by the page's word, the same after a reload and another for each terminal", async () => {
    expect(helloOf(await live())).toMatchObject({ lease: "word" });
    const word = leaseOf("t1");
    expect(word).toMatch(/^[0-9a-f]{24}$/);
    expect(leaseOf("t1")).toBe(word);
    expect(leaseOf("t2")).not.toBe(word);
  });

  it("changes by asking, letting, refusing, giving back and taking", async () => {
    const socket = await live();
    session.ask();
    session.release();
    session.grant(7);
    session.deny(8);
    session.takeOver(); // has it already
    socket.says(json(Kind.STATE, { driver: 7, viewers: [owner(1), lent(7)], flow: "open" }));
    session.takeOver();
    const said = socket.frames(Kind.CONTROL).map((frame) => [frame[1], frame[5]]);
    expect(said).toEqual([
      [1, 0],
      [2, 0],
      [3, 7],
      [5, 8],
      [4, 0],
    ]);
  });

  it("is taken by turning to the page from another page of one's own, not from a guest", async () => {
    const socket = await live();
    socket.says(json(Kind.STATE, { driver: 7, viewers: [owner(1), lent(7)], flow: "open" }));
    session.attend();
    expect(socket.frames(Kind.CONTROL)).toEqual([]);
    socket.says(json(Kind.STATE, { driver: 9, viewers: [owner(1), owner(9)], flow: "open" }));
    session.attend();
    expect(socket.frames(Kind.CONTROL)).toHaveLength(1);
  });

  it("loses no key that is typed before the worker has told that it was taken back", async () => {
    const socket = await live();
    socket.says(json(Kind.STATE, { driver: 7, viewers: [owner(1), lent(7)], flow: "open" }));
    session.input("lost");
    session.takeOver();
    session.input("x");
    const order = socket.sent.map((frame) => frame[0]).filter((kind) => kind === Kind.CONTROL || kind === Kind.INPUT);
    expect(order).toEqual([Kind.CONTROL, Kind.INPUT]);
    expect(session.state.value).toMatchObject({ driver: true, driving: 1 });
  });

  it("cannot be taken by who only looks on", async () => {
    const socket = await live({ role: "ro", driver: false });
    session.takeOver();
    expect(socket.frames(Kind.CONTROL)).toEqual([]);
    expect(session.backlog).toBeNull();
  });
});

describe("a terminal nobody sees", () => {
  it("says so, once, and again when it is seen", async () => {
    const socket = await live();
    session.show(false);
    session.show(false);
    session.show(true);
    expect(socket.frames(Kind.VISIBILITY).map((frame) => frame[1])).toEqual([0, 1]);
  });

  it("tells of new output, not of what is played back", async () => {
    const socket = await live();
    socket.says(replay(Kind.REPLAY_BEGIN, 1, 0, 3));
    socket.says(output(0, "old"));
    socket.says(replay(Kind.REPLAY_END, 1, 0, 3));
    expect(came).toBe(0);
    socket.says(output(3, "new"));
    expect(came).toBe(1);
  });
});

describe("a connection that broke", () => {
  it("counts what is typed meanwhile, until it is sent", async () => {
    const socket = await live();
    socket.closes(1006);
    session.input("ls\r");
    expect(session.state.value).toMatchObject({ phase: "reconnecting", waiting: 3 });
    expect(session.backlog).toBe(3);
    await vi.advanceTimersByTimeAsync(250);
    FakeSocket.last().opens();
    FakeSocket.last().says(welcome());
    expect(session.state.value).toMatchObject({ phase: "live", waiting: 0 });
    expect(FakeSocket.last().frames(Kind.INPUT)).toHaveLength(1);
  });

  it("is tried at once when the network is back, with less patience", async () => {
    const socket = await live();
    socket.closes(1006);
    window.dispatchEvent(new Event("online"));
    await settle();
    expect(FakeSocket.all).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(5_001);
    expect(FakeSocket.all[1]?.closedByPage).toBe(true);
  });

  it("that hides behind a socket which looks alive is found out within five seconds", async () => {
    const socket = await live();
    window.dispatchEvent(new Event("pageshow"));
    expect(socket.frames(Kind.PING)).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(5_001);
    expect(session.state.value.phase).toBe("reconnecting");
  });
});

describe("the latency", () => {
  const pong = (ident: number, clientMs: number) => {
    const frame = new Uint8Array(17);
    const view = new DataView(frame.buffer);
    view.setUint8(0, Kind.PONG);
    view.setUint32(1, ident);
    view.setFloat64(5, clientMs);
    view.setUint16(13, 25);
    view.setUint16(15, 2);
    return frame;
  };

  it("is measured each second while somebody looks, and the worker is told the last", async () => {
    const socket = await live();
    session.watchLatency(true);
    const asked = () => socket.frames(Kind.PING);
    expect(asked()).toHaveLength(1);
    const sent = new DataView(asked()[0]?.buffer as ArrayBuffer).getFloat64(5);
    await vi.advanceTimersByTimeAsync(12);
    socket.says(pong(1, sent));
    expect(session.latency.value).toEqual({ rttMs: 12, webToWorkerMs: 0.25, loopLagMs: 2 });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(asked()).toHaveLength(2);
    expect(new DataView(asked()[1]?.buffer as ArrayBuffer).getUint32(13)).toBe(12_000);
    socket.says(pong(2, performance.now()));
    session.watchLatency(false);
    await vi.advanceTimersByTimeAsync(5_000);
    expect(asked()).toHaveLength(2);
  });

  it("is not measured by an answer to another question", async () => {
    const socket = await live();
    session.watchLatency(true);
    socket.says(pong(99, 0));
    expect(session.latency.value).toBeNull();
  });
});
