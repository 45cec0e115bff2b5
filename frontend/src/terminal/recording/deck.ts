/** A replay under way: the player, where it is, how fast it goes. No markup. */
import { batch, computed, effect, signal, untracked } from "@preact/signals";
import type { RestRecording } from "../../protocol/rest";
import type { LiveStore } from "../../state/live";
import { isBoolean, isNumber, remembered } from "../../ui/preferences";
import { type Cast, Pace } from "./cast";
import { SharedClock } from "./clock";
import type { CastPlayer, PlayerEvents, PlayerOptions } from "./player";

export const SPEEDS: readonly number[] = [0.5, 1, 1.5, 2, 4, 8];

/** A longer pause is shown as long as that, in seconds, where pauses are skipped. */
const PAUSE = 2;
const TICK_MS = 100;

export const speed = remembered(
  "replay.speed",
  1,
  (value): value is number => isNumber(value) && SPEEDS.includes(value),
);
export const skipping = remembered("replay.skip-pauses", true, isBoolean);

/** Where a replay was when it was drawn anew, for another theme or with what came since. Seconds, as it was. */
let left: { id: string; at: number; playing: boolean } | null = null;

/** The next replay begins at the beginning. */
export function startOver(): void {
  left = null;
}

export type Player = Pick<CastPlayer, "time" | "play" | "pause" | "seek" | "dispose">;
export type MakePlayer = (cast: Cast, pace: Pace, options: PlayerOptions, events: PlayerEvents) => Player;

export class Deck {
  /** Seconds into the recording, as it was. */
  readonly real = signal(0);
  readonly playing = signal(false);
  readonly pace = computed(() => new Pace(this.cast, skipping.value ? PAUSE : null));
  /** Why the X-ray does not move with it; null: it does, or there is none. */
  readonly apart = computed(() => this.#clock.value?.apart.value ?? null);
  readonly #clock = signal<SharedClock | null>(null);
  #ended = false;
  #begun = false;
  #player: Player | null = null;

  constructor(
    readonly recording: RestRecording,
    readonly cast: Cast,
    private readonly store: LiveStore | null,
    private readonly failed: (error: unknown) => void,
  ) {
    if (left?.id !== recording.id) return;
    this.real.value = Math.min(left.at, cast.seconds);
    this.#begun = !left.playing;
  }

  /** Shows it; returns how to let go of it. `still`: it does not begin by itself. */
  open(make: MakePlayer, still: boolean): () => void {
    this.#begun ||= still && this.real.peek() === 0;
    // The player takes its speed and its events once: with others it is another one, at the same place.
    const stop = effect(() => {
      const options = { speed: speed.value, pace: this.pace.value };
      return untracked(() => this.#play(make, options.pace, options.speed));
    });
    if (this.store) this.#join(this.store);
    return () => {
      stop();
      this.#clock.peek()?.dispose();
      this.#clock.value = null;
    };
  }

  toggle(): void {
    const player = this.#player;
    if (player === null) return;
    if (this.playing.peek()) void this.#told(player.pause());
    else if (this.#ended) void this.#told(player.seek(0).then(() => player.play()));
    else void this.#told(player.play());
  }

  /** To a second of the recording, as it was. */
  seek(to: number): void {
    this.#go(to);
    this.#clock.peek()?.at(this.real.peek(), true);
  }

  /** `by` seconds on the clock shown. */
  skip(by: number): void {
    const pace = this.pace.peek();
    this.seek(pace.real(Math.max(0, pace.shown(this.real.peek()) + by)));
  }

  #go(to: number): void {
    const at = Math.max(0, Math.min(this.cast.seconds, to));
    this.#ended = at >= this.cast.seconds;
    this.#at(at);
    if (this.#player) void this.#told(this.#player.seek(this.pace.peek().shown(at)));
  }

  #at(real: number): void {
    this.real.value = real;
    left = { id: this.recording.id, at: real, playing: this.playing.peek() };
  }

  #play(make: MakePlayer, pace: Pace, rate: number): () => void {
    let timer: ReturnType<typeof setInterval> | undefined;
    const follow = (sought: boolean, ended = false) => {
      if (player === null || this.#player !== player) return;
      this.#at(ended ? this.cast.seconds : Math.min(pace.real(player.time), this.cast.seconds));
      this.#clock.peek()?.at(this.real.peek(), sought);
    };
    const stands = (ended: boolean) => {
      clearInterval(timer);
      if (this.#player !== player) return;
      batch(() => {
        this.playing.value = false;
        this.#ended = ended;
        follow(true, ended);
      });
    };
    const events: PlayerEvents = {
      playing: () => {
        clearInterval(timer);
        timer = setInterval(() => follow(false), TICK_MS);
        this.playing.value = true;
        this.#ended = false;
        this.#begun = true;
      },
      paused: () => stands(false),
      ended: () => stands(true),
    };
    let player: Player | null = null;
    const autoPlay = this.playing.peek() || !this.#begun;
    try {
      player = make(this.cast, pace, { speed: rate, startAt: pace.shown(this.real.peek()), autoPlay }, events);
      this.#player = player;
      // Without a start of its own it shows nothing, wherever it is to begin.
      if (!autoPlay) void this.#told(player.seek(pace.shown(this.real.peek())));
    } catch (error) {
      this.failed(error);
    }
    return () => {
      clearInterval(timer);
      this.#player = null;
      player?.dispose();
    };
  }

  #join(store: LiveStore): void {
    const startedAt = Date.parse(this.recording.started_at) / 1000;
    const clock = new SharedClock(store, startedAt, this.cast.seconds, {
      seek: (at) => this.#go(at),
      pause: () => {
        if (this.#player) void this.#told(this.#player.pause());
      },
    });
    this.#clock.value = clock;
    clock.at(this.real.peek(), true);
  }

  #told(under: Promise<unknown>): Promise<unknown> {
    return under.catch(this.failed);
  }
}
