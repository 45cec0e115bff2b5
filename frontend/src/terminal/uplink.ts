/** Keystrokes on their way to the worker: in order, in chunks, and never more underway than it agreed to hold. */
import { InputStatus, input, MAX_INPUT, MAX_INPUT_UNACKED } from "../protocol/pty";

/** What was typed while the connection was away and is sent when it is back, as ssh does. */
const MAX_WAITING = 1024 * 1024;

export class Uplink {
  #seq = 0;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #underway = new Map<number, number>();
  #underwayBytes = 0;
  #send: ((frame: Uint8Array<ArrayBuffer>) => void) | null = null;

  /** Bytes that have not left. */
  get waiting(): number {
    return this.#waitingBytes;
  }

  /** Bytes that the worker has not yet answered for, those included that have not left. */
  get backlog(): number {
    return this.#waitingBytes + this.#underwayBytes;
  }

  /** A connection stands: sequence numbers start anew, and what never left is sent. */
  connect(send: (frame: Uint8Array<ArrayBuffer>) => void): void {
    this.#seq = 0;
    this.#send = send;
    this.#forgetUnderway();
    this.#flush();
  }

  /**
   * The connection broke. What was underway may or may not have arrived; it is not sent twice, for the half of a
   * command typed twice is worse than one lost.
   */
  disconnect(): void {
    this.#send = null;
    this.#forgetUnderway();
  }

  /** Forgets what waits, for it was meant for another shell. */
  clear(): void {
    this.#waiting = [];
    this.#waitingBytes = 0;
  }

  /** False when too much waits already; nothing of `data` is sent then. */
  push(data: Uint8Array): boolean {
    if (this.#waitingBytes + data.length > MAX_WAITING) return false;
    for (let at = 0; at < data.length; at += MAX_INPUT) this.#waiting.push(data.subarray(at, at + MAX_INPUT));
    this.#waitingBytes += data.length;
    this.#flush();
    return true;
  }

  /** The worker's answer to one INPUT frame. False when it refused the bytes. */
  acknowledge(seq: number, status: number): boolean {
    this.#underwayBytes -= this.#underway.get(seq) ?? 0;
    this.#underway.delete(seq);
    this.#flush();
    return status === InputStatus.WRITTEN || status === InputStatus.QUEUED;
  }

  #flush(): void {
    while (this.#send !== null) {
      const chunk = this.#waiting[0];
      if (chunk === undefined || this.#underwayBytes + chunk.length > MAX_INPUT_UNACKED) return;
      this.#waiting.shift();
      this.#waitingBytes -= chunk.length;
      this.#seq = (this.#seq + 1) >>> 0;
      this.#underway.set(this.#seq, chunk.length);
      this.#underwayBytes += chunk.length;
      this.#send(input(this.#seq, chunk));
    }
  }

  #forgetUnderway(): void {
    this.#underway.clear();
    this.#underwayBytes = 0;
  }
}
