/** The connection of a terminal: a ticket, a socket, HELLO; and when it breaks, another one, later each time. */
import { Backoff } from "../protocol/backoff";
import { socketUrl } from "../protocol/live";
import { decode, type Frame, FrameError, SUBPROTOCOL } from "../protocol/pty";
import type { Attach } from "./state";

/** Longer than that without a first byte, and an attempt has failed. */
const CONNECT_MS = 10_000;
/** After the page was away or the network came back: less patience, for a dead socket does not say that it is. */
const HASTE_MS = 5_000;

export interface LineEvents {
  /** Resolves when what was received is parsed: only then is it known what is still to come. */
  ready(): Promise<void>;
  /** The first frame. */
  hello(ticket: string): Uint8Array<ArrayBuffer>;
  frame(frame: Frame): void;
  /** Bytes that are no frame. */
  garbled(why: string): void;
  /** No ticket was to be had. */
  refused(error: unknown): void;
  closed(code: number): void;
  /** An attempt took too long. */
  lost(): void;
}

export class Line {
  readonly #backoff = new Backoff();
  #socket: WebSocket | null = null;
  #attempt = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #connectTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly attach: Attach,
    private readonly events: LineEvents,
  ) {}

  /** Changes with each attempt and each end of one: who waited for something can tell that it is too late. */
  get attempt(): number {
    return this.#attempt;
  }

  async connect(hasty = false): Promise<void> {
    this.#attempt += 1;
    const attempt = this.#attempt;
    const stale = () => attempt !== this.#attempt;
    clearTimeout(this.#retryTimer);
    await this.events.ready();
    if (stale()) return;
    let attachment: Awaited<ReturnType<Attach>>;
    try {
      attachment = await this.attach();
    } catch (error) {
      if (!stale()) this.events.refused(error);
      return;
    }
    if (stale()) return;
    const socket = new WebSocket(socketUrl(attachment.url), attachment.subprotocol || SUBPROTOCOL);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#connectTimer = setTimeout(() => this.events.lost(), hasty ? HASTE_MS : CONNECT_MS);
    socket.onopen = () => {
      if (!stale()) this.send(this.events.hello(attachment.ticket));
    };
    socket.onmessage = (event) => {
      if (!stale()) this.#heard(event.data);
    };
    socket.onclose = (event) => {
      if (!stale()) this.events.closed(event.code);
    };
  }

  /** Tries again in a while. */
  connectLater(): void {
    clearTimeout(this.#retryTimer);
    this.#retryTimer = setTimeout(() => void this.connect(), this.#backoff.next());
  }

  /** Tries at once if it only waits for the time to try; an attempt under way is let be. */
  hurry(): void {
    if (this.#socket !== null) return;
    this.#backoff.reset();
    void this.connect(true);
  }

  /** The worker has answered. */
  stands(): void {
    clearTimeout(this.#connectTimer);
    this.#backoff.reset();
  }

  /** The next failure is followed by the shortest wait. */
  calm(): void {
    this.#backoff.reset();
  }

  send = (frame: Uint8Array<ArrayBuffer>): void => {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame);
  };

  drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#attempt += 1;
    clearTimeout(this.#retryTimer);
    clearTimeout(this.#connectTimer);
    socket?.close();
  }

  #heard(data: unknown): void {
    let frame: Frame | null;
    try {
      if (!(data instanceof ArrayBuffer)) throw new FrameError("a terminal frame that is text");
      frame = decode(data);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.events.garbled(error.message);
      return;
    }
    if (frame !== null) this.events.frame(frame);
  }
}
