/** Output on its way to the screen: no byte twice, none left out, acknowledged when parsed and not before. */
import { ACK_EVERY, ack } from "../protocol/pty";

/** At most one acknowledgement of an empty queue in this time. */
const ACK_IDLE_MS = 50;

/** Takes bytes and tells when they are parsed; xterm.js is one. */
export interface Sink {
  write(data: Uint8Array | string, parsed: () => void): void;
}

export class Downlink {
  /** Offset after the last byte given to the screen; null before the first. */
  received: number | null = null;
  #parsed = 0;
  #acked = 0;
  #pending = 0;
  #ackedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #generation = 0;
  #send: ((frame: Uint8Array<ArrayBuffer>) => void) | null = null;
  #drained: (() => void)[] = [];

  constructor(private readonly sink: Sink) {}

  connect(send: (frame: Uint8Array<ArrayBuffer>) => void): void {
    this.#send = send;
  }

  disconnect(): void {
    this.#send = null;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The screen is to show the output from `offset` on, and nothing of what came before. */
  restart(offset: number): void {
    this.#generation += 1;
    this.received = offset;
    this.#parsed = offset;
    this.#acked = offset;
  }

  /** False when bytes are missing before these: the connection cannot go on. */
  take(offset: number, data: Uint8Array): boolean {
    const at = this.received ?? offset;
    if (offset > at) return false;
    if (this.received === null) this.restart(offset);
    const fresh = data.subarray(at - offset);
    if (fresh.length === 0) return true;
    const end = at + fresh.length;
    const generation = this.#generation;
    this.received = end;
    this.#pending += 1;
    this.sink.write(fresh, () => {
      this.#pending -= 1;
      if (generation === this.#generation) {
        this.#parsed = end;
        this.#acknowledge();
      }
      this.#tellDrained();
    });
    return true;
  }

  /** Runs `action` once all that was taken so far is parsed. */
  after(action: () => void): void {
    if (this.#pending === 0) action();
    else this.sink.write("", action);
  }

  /** Resolves when the screen has parsed all it was given. */
  drained(): Promise<void> {
    return this.#pending === 0 ? Promise.resolve() : new Promise((resolve) => this.#drained.push(resolve));
  }

  #tellDrained(): void {
    if (this.#pending > 0) return;
    for (const resolve of this.#drained.splice(0)) resolve();
  }

  #acknowledge(): void {
    if (this.#send === null || this.#parsed === this.#acked) return;
    const idle = performance.now() - this.#ackedAt >= ACK_IDLE_MS;
    if (this.#parsed - this.#acked >= ACK_EVERY || (this.#pending === 0 && idle)) {
      clearTimeout(this.#timer);
      this.#timer = undefined;
      this.#acked = this.#parsed;
      this.#ackedAt = performance.now();
      this.#send(ack(this.#parsed));
    } else if (this.#pending === 0 && this.#timer === undefined) {
      this.#timer = setTimeout(() => {
        this.#timer = undefined;
        this.#acknowledge();
      }, ACK_IDLE_MS);
    }
  }
}
