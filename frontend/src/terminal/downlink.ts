/** Output on its way to the screen: no byte twice, none left out, acknowledged when parsed and not before. */
import { ACK_EVERY, ack } from "../protocol/pty";

/** At most one acknowledgement of an empty queue in this time. */
const ACK_IDLE_MS = 50;
/** Places in output not yet here that may be waited for; more than that and the worker is not to be believed. */
const MOST_PLACES = 4_096;
/** Bytes that may wait to be parsed: what the worker may have under way, many times over. */
const MOST_UNPARSED = 4 * 1024 * 1024;

/** Takes bytes and tells when they are parsed, before it parses the next ones; xterm.js is one. */
export interface Sink {
  write(data: Uint8Array | string, parsed: () => void): void;
}

interface Place {
  at: number;
  action: () => void;
}

export class Downlink {
  /** Offset after the last byte given to the screen; null before the first. */
  received: number | null = null;
  #parsed = 0;
  #acked = 0;
  #pending = 0;
  #unparsed = 0;
  #ackedAt = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #generation = 0;
  #send: ((frame: Uint8Array<ArrayBuffer>) => void) | null = null;
  #drained: (() => void)[] = [];
  /** Sorted by `at`, all beyond `received`. */
  #places: Place[] = [];

  constructor(private readonly sink: Sink) {}

  connect(send: (frame: Uint8Array<ArrayBuffer>) => void): void {
    this.#send = send;
  }

  disconnect(): void {
    this.#send = null;
    this.#places = [];
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** The screen is to show the output from `offset` on, and nothing of what came before. */
  restart(offset: number): void {
    this.#generation += 1;
    this.received = offset;
    this.#parsed = offset;
    this.#acked = offset;
    for (const { action } of this.#due(offset)) this.after(action);
  }

  /** False when bytes are missing before these, or far more come than was granted: the connection cannot go on. */
  take(offset: number, data: Uint8Array): boolean {
    const at = this.received ?? offset;
    if (offset > at || this.#unparsed > MOST_UNPARSED) return false;
    if (this.received === null) this.restart(offset);
    let fresh = data.subarray(at - offset);
    while (fresh.length > 0) {
      const start = this.received ?? at;
      const cut = this.#places[0]?.at ?? Number.POSITIVE_INFINITY;
      const part = fresh.subarray(0, Math.min(fresh.length, cut - start));
      fresh = fresh.subarray(part.length);
      this.#write(part, start + part.length);
    }
    return true;
  }

  /** Runs `action` when the bytes before `at` are parsed and none after, or at once where those are there already. */
  at(at: number, action: () => void): void {
    if (at <= (this.received ?? 0)) {
      this.after(action);
      return;
    }
    if (this.#places.length >= MOST_PLACES) return;
    let index = this.#places.length;
    while (index > 0 && (this.#places[index - 1]?.at ?? 0) > at) index -= 1;
    this.#places.splice(index, 0, { at, action });
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

  #write(data: Uint8Array, end: number): void {
    const generation = this.#generation;
    const due = this.#due(end);
    this.received = end;
    this.#pending += 1;
    this.#unparsed += data.length;
    this.sink.write(data, () => {
      this.#pending -= 1;
      this.#unparsed -= data.length;
      for (const { action } of due) action();
      if (generation === this.#generation) {
        this.#parsed = end;
        this.#acknowledge();
      }
      this.#tellDrained();
    });
  }

  #due(end: number): Place[] {
    let count = 0;
    while (count < this.#places.length && (this.#places[count]?.at ?? 0) <= end) count += 1;
    return this.#places.splice(0, count);
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
