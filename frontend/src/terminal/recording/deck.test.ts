import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import type { RestRecording } from "../../protocol/rest";
import type { Pace } from "./cast";
import { parse } from "./cast";
import { Deck, type MakePlayer, type Player, skipping, speed, startOver } from "./deck";
import type { PlayerEvents, PlayerOptions } from "./player";

const HEADER = '{"version":3,"term":{"cols":80,"rows":24}}';
const CAST = parse(`${HEADER}\n[1,"o","a"]\n[20,"o","b"]\n[1,"m","$ ls"]\n[1,"o","c"]\n`);

interface Made extends Omit<Player, "time"> {
  time: number;
  pace: Pace;
  options: PlayerOptions;
  events: PlayerEvents;
}

let made: Made[];
let close: (() => void) | undefined;
let opened = 0;
const make: MakePlayer = (_cast, pace, options, events) => {
  const one: Made = {
    pace,
    options,
    events,
    time: options.startAt,
    play: vi.fn(async () => undefined),
    pause: vi.fn(async () => undefined),
    seek: vi.fn(async () => undefined),
    dispose: vi.fn(),
  };
  made.push(one);
  return one;
};
const now = () => made.at(-1) as Made;

function deck(failed = vi.fn()): Deck {
  opened += 1; // each a recording of its own: where one was left is remembered
  return new Deck({ id: `r${opened}`, started_at: "2026-01-01T00:00:00Z" } as RestRecording, CAST, null, failed);
}

beforeEach(() => {
  vi.useFakeTimers();
  made = [];
  speed.value = 1;
  skipping.value = true;
});

const open = (one: Deck, still = false) => {
  close?.();
  close = one.open(make, still);
};

afterEach(() => {
  close?.();
  close = undefined;
  vi.useRealTimers();
});

describe("a replay", () => {
  it("begins by itself, unless nothing is to move by itself", () => {
    open(deck());
    expect(now().options).toEqual({ speed: 1, startAt: 0, autoPlay: true });
    open(deck(), true);
    expect(now().options.autoPlay).toBe(false);
  });

  it("is at the second that was recorded, though pauses are skipped", () => {
    const one = deck();
    open(one);
    now().events.playing();
    now().time = 3;
    vi.advanceTimersByTime(200);
    expect(one.playing.peek()).toBe(true);
    expect(one.real.peek()).toBe(21);
    one.seek(11);
    expect(now().seek).toHaveBeenLastCalledWith(2);
    one.skip(0.5);
    expect(now().seek).toHaveBeenLastCalledWith(2.5);
  });

  it("goes on at the same place with another speed, and with its pauses", () => {
    const one = deck();
    open(one);
    now().events.playing();
    now().time = 3;
    vi.advanceTimersByTime(200);
    speed.value = 4;
    expect(made.length).toBe(2);
    expect(made[0]?.dispose).toHaveBeenCalledOnce();
    expect(now().options).toEqual({ speed: 4, startAt: 3, autoPlay: true });
    now().events.playing();
    skipping.value = false;
    expect(now().options).toEqual({ speed: 4, startAt: 21, autoPlay: true });
  });

  it("stands still with another speed when it stood", () => {
    const one = deck();
    open(one);
    now().events.playing();
    now().time = 1;
    now().events.paused();
    speed.value = 2;
    expect(now().options).toEqual({ speed: 2, startAt: 1, autoPlay: false });
    expect(now().seek).toHaveBeenCalledWith(1);
    one.toggle();
    expect(now().play).toHaveBeenCalledOnce();
  });

  it("goes on when it is drawn anew, as for another theme, and begins anew when it is opened anew", () => {
    const first = deck();
    open(first);
    now().events.playing();
    now().time = 3;
    vi.advanceTimersByTime(200);
    const same = () => new Deck(first.recording, CAST, null, vi.fn());
    open(same());
    expect(now().options).toEqual({ speed: 1, startAt: 3, autoPlay: true });
    now().events.playing();
    now().events.paused();
    open(same());
    expect(now().options).toMatchObject({ startAt: 3, autoPlay: false });
    startOver();
    open(same());
    expect(now().options).toMatchObject({ startAt: 0, autoPlay: true });
  });

  it("plays from the beginning once it is over", async () => {
    const one = deck();
    open(one);
    now().events.playing();
    now().events.ended();
    expect([one.playing.peek(), one.real.peek()]).toEqual([false, CAST.seconds]);
    one.toggle();
    await vi.waitFor(() => expect(now().play).toHaveBeenCalledOnce());
    expect(now().seek).toHaveBeenCalledWith(0);
  });

  it("tells what the player could not do, and lets go of it", async () => {
    const failed = vi.fn();
    const one = deck(failed);
    open(one);
    vi.mocked(now().pause).mockRejectedValue(new Error("no"));
    now().events.playing();
    one.toggle();
    await vi.waitFor(() => expect(failed).toHaveBeenCalledOnce());
    close?.();
    expect(now().dispose).toHaveBeenCalledOnce();
    one.seek(5);
    expect(now().seek).not.toHaveBeenCalled();
  });
});
