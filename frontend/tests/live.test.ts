import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type LiveHandlers, LiveSocket } from "../src/protocol/live";
import { Close } from "../src/protocol/pty";
import { FakeSocket } from "./support/socket";

type Heard = [keyof LiveHandlers, ...unknown[]];

let heard: Heard[];
let live: LiveSocket;

const handlers: LiveHandlers = {
  snapshot: (snapshot) => heard.push(["snapshot", snapshot]),
  patch: (patch) => heard.push(["patch", patch]),
  happened: (events) => heard.push(["happened", events]),
  connected: (up) => heard.push(["connected", up]),
  gone: (reason) => heard.push(["gone", reason]),
  refused: (code) => heard.push(["refused", code]),
};

const say = (body: object) => FakeSocket.last().says(JSON.stringify(body));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
  vi.spyOn(Math, "random").mockReturnValue(1);
  FakeSocket.install();
  heard = [];
  live = new LiveSocket("/ws/live/c", handlers);
  live.open();
});

afterEach(() => {
  live.close();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("the live socket", () => {
  it("speaks live.v1 and passes on what comes in order", () => {
    expect(FakeSocket.last().protocol).toBe("live.v1");
    say({ re: "snapshot", seq: 0, snapshot: { node: "n" } });
    say({ re: "patch", seq: 1, patch: { node: "m" } });
    expect(heard).toEqual([
      ["snapshot", { node: "n" }],
      ["connected", true],
      ["patch", { node: "m" }],
    ]);
  });

  it("watches anew when a patch is missing", () => {
    say({ re: "snapshot", seq: 0, snapshot: {} });
    say({ re: "patch", seq: 2, patch: { node: "m" } });
    expect(heard.at(-1)).toEqual(["connected", false]);
    vi.advanceTimersByTime(250);
    expect(FakeSocket.all).toHaveLength(2);
    say({ re: "snapshot", seq: 7, snapshot: {} });
    say({ re: "patch", seq: 8, patch: { node: "m" } });
    expect(heard.slice(-2)).toEqual([
      ["connected", true],
      ["patch", { node: "m" }],
    ]);
  });

  it("comes back after the web server went away, and after a silence", () => {
    say({ re: "snapshot", seq: 0, snapshot: {} });
    FakeSocket.last().closes(1006);
    vi.advanceTimersByTime(250);
    expect(FakeSocket.all).toHaveLength(2);
    vi.advanceTimersByTime(15_000 + 500);
    expect(FakeSocket.all).toHaveLength(3);
  });

  it("ends when the container is gone, by word or by code", () => {
    say({ re: "gone", reason: "deleted" });
    vi.advanceTimersByTime(60_000);
    expect(heard).toEqual([["gone", "deleted"]]);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("ends when there is no such container", () => {
    FakeSocket.last().closes(Close.NO_SESSION);
    vi.advanceTimersByTime(60_000);
    expect(heard).toEqual([["gone", ""]]);
    expect(FakeSocket.all).toHaveLength(1);
  });

  it("keeps trying through the worker's absence", () => {
    say({ re: "snapshot", seq: 0, snapshot: {} });
    say({ re: "fault", code: "worker-unavailable", message: "away" });
    vi.advanceTimersByTime(250);
    expect(FakeSocket.all).toHaveLength(2);
    expect(heard.at(-1)).toEqual(["connected", false]);
  });
});
