import { beforeEach, describe, expect, it, vi } from "vitest";
import type { LiveMessage } from "../../protocol/live";
import recording from "../../state/fixtures/session.json";
import { LiveStore } from "../../state/live";
import { SharedClock } from "./clock";

const messages = recording.messages as unknown as LiveMessage[];

let store: LiveStore;
let first: number;
let last: number;
const played = { seek: vi.fn<(real: number) => void>(), pause: vi.fn() };

beforeEach(() => {
  vi.clearAllMocks();
  store = new LiveStore();
  for (const message of messages.slice(0, 12)) store.apply(message);
  first = store.moments[0]?.at as number;
  last = store.edge.peek();
});

describe("one clock for a replay and the X-ray", () => {
  it("sets the panels to the moment that is played", () => {
    const clock = new SharedClock(store, first, 60, played);
    for (const real of [0.5, 1, 1.5]) {
      clock.at(real, false);
      expect(store.cursor.peek()?.at).toBeCloseTo(first + real, 6);
    }
    expect(clock.apart.peek()).toBeNull();
    expect(played.seek).not.toHaveBeenCalled();
  });

  it("does not draw them anew for each tick, but for each place a person goes to", () => {
    const clock = new SharedClock(store, first, 60, played);
    clock.at(1, false);
    clock.at(1.1, false);
    expect(store.cursor.peek()?.at).toBeCloseTo(first + 1, 6);
    clock.at(1.1, true);
    expect(store.cursor.peek()?.at).toBeCloseTo(first + 1.1, 6);
  });

  it("says where the timeline has nothing, and shows now", () => {
    const clock = new SharedClock(store, first - 30, 60, played);
    clock.at(31, false);
    clock.at(10, false);
    expect(store.cursor.peek()).toBeNull();
    expect(clock.apart.peek()).toBe("before-history");
    clock.at(31, false);
    expect(clock.apart.peek()).toBeNull();
  });

  it("seeks the player to a moment chosen on the timeline", () => {
    const clock = new SharedClock(store, first - 10, 60, played);
    clock.at(10.5, false);
    store.seek(first + 1);
    expect(played.seek).toHaveBeenCalledExactlyOnceWith(expect.closeTo(11, 6));
    expect(clock.apart.peek()).toBeNull();
  });

  it("lets the timeline show what was not recorded, and stops the player", () => {
    const clock = new SharedClock(store, first + 1, 0.5, played);
    clock.at(0.1, false);
    store.seek(first + 0.2);
    expect(played.pause).toHaveBeenCalledOnce();
    expect(clock.apart.peek()).toBe("not-recorded");
    expect(store.cursor.peek()?.at).toBeCloseTo(first + 0.2, 6);
  });

  it("stops the player when a person goes back to live; playing again takes the panels along", () => {
    const clock = new SharedClock(store, first, 60, played);
    clock.at(1, false);
    store.resume();
    expect(played.pause).toHaveBeenCalledOnce();
    expect(clock.apart.peek()).toBe("live");
    clock.at(1.5, false);
    expect(store.cursor.peek()?.at).toBeCloseTo(first + 1.5, 6);
    expect(clock.apart.peek()).toBeNull();
  });

  it("is live at the end of one under way, and again when it is closed", () => {
    const clock = new SharedClock(store, first, last - first + 60, played);
    clock.at(last - first + 5, false);
    expect(store.cursor.peek()).toBeNull();
    clock.at(1, true);
    clock.dispose();
    expect(store.cursor.peek()).toBeNull();
    store.seek(first + 1);
    expect(played.seek).not.toHaveBeenCalled();
  });
});
