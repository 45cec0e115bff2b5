/** Signs of life: a ping now and then, and how long it took; without an answer in time the connection is dead. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { ping } from "../protocol/pty";
import type { Latency, Send } from "./state";

const PING_MS = 15_000;
/** While somebody looks at the figures. */
const WATCHED_MS = 1_000;
const PONG_MS = 10_000;
/** After the page was away the connection may be dead without knowing: less patience. */
const PROBE_MS = 5_000;

export class Pulse {
  readonly #latency = signal<Latency | null>(null);
  #send: Send | null = null;
  #seq = 0;
  #lastRttUs = 0;
  #watchers = 0;
  #pingTimer: ReturnType<typeof setTimeout> | undefined;
  #pongTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(private readonly dead: () => void) {}

  /** Of the last ping; null before the first answer, and where no connection stands. */
  get latency(): ReadonlySignal<Latency | null> {
    return this.#latency;
  }

  connect(send: Send): void {
    this.#send = send;
    if (this.#watchers > 0) this.#ping(PONG_MS);
    this.#pingLater();
  }

  disconnect(): void {
    this.#send = null;
    this.#latency.value = null;
    clearTimeout(this.#pingTimer);
    clearTimeout(this.#pongTimer);
  }

  /** A ping each second while on. Call it off as often as on. */
  watch(on: boolean): void {
    this.#watchers = Math.max(0, this.#watchers + (on ? 1 : -1));
    if (this.#send === null) return;
    if (on) this.#ping(PONG_MS);
    this.#pingLater();
  }

  /** Is it still there? Asked when the page was away. */
  probe(): void {
    this.#ping(PROBE_MS);
  }

  /** The page is hidden, and its clocks are slow: no answer in time means nothing. */
  doze(): void {
    clearTimeout(this.#pongTimer);
    this.#pongTimer = undefined;
  }

  answered(pong: { ident: number; clientMs: number; webToWorkerUs: number; loopLagMs: number }): void {
    this.doze();
    const rttMs = performance.now() - pong.clientMs;
    if (pong.ident !== this.#seq || !(rttMs >= 0)) return;
    this.#lastRttUs = rttMs * 1000;
    this.#latency.value = { rttMs, webToWorkerMs: pong.webToWorkerUs / 1000, loopLagMs: pong.loopLagMs };
  }

  #pingLater(): void {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(
      () => {
        this.#ping(PONG_MS);
        this.#pingLater();
      },
      this.#watchers > 0 ? WATCHED_MS : PING_MS,
    );
  }

  #ping(patienceMs: number): void {
    if (this.#send === null) return;
    this.#seq = (this.#seq + 1) >>> 0;
    this.#send(ping(this.#seq, performance.now(), this.#lastRttUs));
    if (document.hidden) return;
    // One that waits for an answer goes on waiting from when it was asked, unless there is less patience now.
    if (this.#pongTimer !== undefined && patienceMs >= PONG_MS) return;
    clearTimeout(this.#pongTimer);
    this.#pongTimer = setTimeout(this.dead, patienceMs);
  }
}
