/** `live.v1`: the socket that carries a container's snapshot and its patches. It connects again by itself. */
import { Backoff } from "./backoff";
import type { Event, Gone, Happened, Patched, Refused, Snapshot, Watched } from "./generated";
import { Close } from "./pty";

export const SUBPROTOCOL = "live.v1";

/**
 * The sampler speaks at least every second while it is watched: a silence of three looks is a dead connection. One look
 * in a while costs less than a timer set anew with each message.
 */
const LOOK_MS = 5_000;
const SILENT_LOOKS = 3;
/** A page nobody looks at lets the sampler rest. */
const HIDDEN_MS = 60_000;

export type LiveMessage = Watched | Patched | Happened | Gone | Refused;

/** What the owner of the socket hears. After `gone` or `refused` nothing follows. */
export interface LiveHandlers {
  /** A whole snapshot: at the start and after every connection anew. */
  snapshot(snapshot: Snapshot): void;
  /** An RFC 7396 patch, in order and without gaps, of the last snapshot. */
  patch(patch: object): void;
  /** In order. After a connection was made anew some may have been heard before: `seq` tells. */
  happened(events: readonly Event[]): void;
  /** Whether what was last heard is still what is: true with the first message, false when the connection breaks. */
  connected(up: boolean): void;
  /** The container was deleted. */
  gone(reason: string): void;
  /** The worker or the web side said no for good, such as for want of a login. */
  refused(code: string, message: string): void;
}

export class LiveSocket {
  #socket: WebSocket | null = null;
  #seq = -1;
  #up = false;
  #ended = false;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #looks: ReturnType<typeof setTimeout> | undefined;
  #silent = 0;
  #hidden: ReturnType<typeof setTimeout> | undefined;
  readonly #backoff = new Backoff();
  readonly #listeners = new AbortController();

  /** `path` is the REST container's `live_url`, such as `/ws/live/<id>`. */
  constructor(
    private readonly path: string,
    private readonly handlers: LiveHandlers,
  ) {}

  open(): void {
    const { signal } = this.#listeners;
    document.addEventListener("visibilitychange", () => this.#visibilityChanged(), { signal });
    window.addEventListener("online", () => this.#connectNow(), { signal });
    window.addEventListener("pageshow", () => this.#connectNow(), { signal });
    this.#connect();
  }

  /** Ends for good and lets go of everything. */
  close(): void {
    this.#ended = true;
    this.#listeners.abort();
    clearTimeout(this.#retry);
    clearTimeout(this.#hidden);
    this.#drop();
  }

  #connect(): void {
    if (this.#ended || this.#socket !== null) return;
    const socket = new WebSocket(socketUrl(this.path), SUBPROTOCOL);
    this.#socket = socket;
    this.#seq = -1;
    this.#silent = 0;
    this.#looks = setTimeout(() => this.#look(), LOOK_MS);
    socket.onmessage = (event) => {
      if (socket === this.#socket) this.#heard(event.data as string);
    };
    socket.onclose = (event) => {
      if (socket === this.#socket) this.#closed(event.code);
    };
  }

  #connectNow(): void {
    if (this.#ended || this.#socket !== null || document.hidden) return;
    clearTimeout(this.#retry);
    this.#connect();
  }

  #heard(text: string): void {
    this.#silent = 0;
    let message: LiveMessage;
    try {
      message = JSON.parse(text) as LiveMessage;
    } catch {
      this.#again();
      return;
    }
    switch (message.re) {
      case "snapshot":
        this.#seq = message.seq;
        this.#backoff.reset();
        this.handlers.snapshot(message.snapshot);
        this.#setUp(true);
        break;
      case "patch":
        if (this.#seq < 0 || message.seq !== this.#seq + 1) {
          this.#again();
          return;
        }
        this.#seq = message.seq;
        this.handlers.patch(message.patch);
        break;
      case "events":
        this.handlers.happened(message.events);
        break;
      case "gone":
        this.close();
        this.handlers.gone(message.reason);
        break;
      case "fault":
        if (message.code === "not-found") {
          this.close();
          this.handlers.gone(message.message);
        } else if (message.code === "access-denied") {
          this.close();
          this.handlers.refused(message.code, message.message);
        } else {
          this.#again();
        }
        break;
    }
  }

  #closed(code: number): void {
    if (code === Close.NO_SESSION || code === Close.ENDED) {
      this.close();
      this.handlers.gone("");
    } else if (code === Close.TICKET || code === Close.ROLE) {
      this.close();
      this.handlers.refused("access-denied", "");
    } else {
      this.#again();
    }
  }

  /** Drops the connection and makes another after a wait. */
  #again(): void {
    this.#drop();
    this.#setUp(false);
    if (this.#ended || document.hidden) return;
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#connect(), this.#backoff.next());
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    clearTimeout(this.#looks);
    socket?.close();
  }

  #setUp(up: boolean): void {
    if (up === this.#up) return;
    this.#up = up;
    this.handlers.connected(up);
  }

  #look(): void {
    this.#silent += 1;
    if (this.#silent >= SILENT_LOOKS) this.#again();
    else this.#looks = setTimeout(() => this.#look(), LOOK_MS);
  }

  #visibilityChanged(): void {
    clearTimeout(this.#hidden);
    if (document.hidden) this.#hidden = setTimeout(() => this.#again(), HIDDEN_MS);
    else this.#connectNow();
  }
}

/** An absolute WebSocket address for a path of this site. */
export function socketUrl(path: string): string {
  const url = new URL(path, location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  return url.href;
}
