/**
 * asciinema-player, as the replay uses it: a script of its own, fetched with the first replay. Its own controls are off,
 * for they are English, know no screen reader, and cannot change their speed. Its emulator draws text and opens nothing.
 */
import { create } from "asciinema-player";
import "asciinema-player/dist/bundle/asciinema-player.css";
import type { Cast, Pace } from "./cast";

const FONT_PX = 13;
/** Smaller than that and nobody can read it: then the screen keeps this size, and is scrolled. */
const LEAST_PX = 9;
/** Of a cell of our face, in parts of the font's size; and what the player puts around all cells, in the same. */
const CELL = 0.6;
const AROUND = 1.5;

export interface PlayerEvents {
  playing(): void;
  paused(): void;
  ended(): void;
}

export interface PlayerOptions {
  speed: number;
  /** Seconds on the clock shown. */
  startAt: number;
  autoPlay: boolean;
}

/** All times are seconds on the clock shown. */
export class CastPlayer {
  readonly #player: ReturnType<typeof create>;

  constructor(host: HTMLElement, cast: Cast, pace: Pace, options: PlayerOptions, events: PlayerEvents) {
    const widest = cast.events.reduce((most, { code, data }) => {
      return code === "r" ? Math.max(most, Number.parseInt(data, 10)) : most;
    }, cast.cols);
    const fits = host.clientWidth / (widest * CELL + AROUND) >= LEAST_PX;
    host.dataset.scrolls = fits ? "false" : "true";
    this.#player = create(
      { data: [], parser: () => ({ cols: cast.cols, rows: cast.rows, events: pace.events }) },
      host,
      {
        ...options,
        preload: true,
        controls: false,
        cursorMode: "steady",
        fit: fits ? "both" : false,
        terminalFontSize: `${Math.max(LEAST_PX + 2, FONT_PX - 2)}px`,
        terminalFontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-mono").trim(),
        theme: "terrarium",
      },
    );
    this.#player.addEventListener("playing", () => events.playing());
    this.#player.addEventListener("pause", () => events.paused());
    this.#player.addEventListener("ended", () => events.ended());
  }

  get time(): number {
    return this.#player.getCurrentTime();
  }

  play(): Promise<unknown> {
    return this.#player.play();
  }

  pause(): Promise<unknown> {
    return this.#player.pause();
  }

  seek(time: number): Promise<unknown> {
    return this.#player.seek(time);
  }

  dispose(): void {
    this.#player.dispose();
  }
}
