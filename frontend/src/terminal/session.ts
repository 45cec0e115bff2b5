/**
 * One terminal: its connection, its screen and its state. It outlives the view that shows it, so that a hidden tab
 * goes on, and connects again by itself, going on at the very byte where it was.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import { ApiError } from "../protocol/api";
import { Backoff } from "../protocol/backoff";
import type { ExitBody, RecordingBody, ViewerBody, Welcome } from "../protocol/generated";
import { socketUrl } from "../protocol/live";
import {
  ControlOp,
  control,
  decode,
  type Frame,
  FrameError,
  HISTORY,
  hello,
  InputStatus,
  Kind,
  ping,
  ReplayKind,
  resize,
  SUBPROTOCOL,
  visibility,
} from "../protocol/pty";
import type { Attachment } from "../protocol/rest";
import { type Problem, verdict } from "./closing";
import { Downlink, type Sink } from "./downlink";
import { Uplink } from "./uplink";

const RESIZE_MS = 60;
const PING_MS = 15_000;
const PONG_MS = 10_000;
/** After the page was away the connection may be dead without knowing: less patience. */
const PROBE_MS = 5_000;
/** Longer than that without a first byte, and an attempt has failed. */
const CONNECT_MS = 10_000;

export type Phase = "connecting" | "live" | "reconnecting" | "ended" | "gone" | "error";

export interface SessionState {
  phase: Phase;
  /** How it ended, in phase `ended`; null where that is not known. */
  exit: ExitBody | null;
  /** Why it stands still, in phase `error`. */
  problem: Problem | null;
  /** The web side's own sentence for the problem. */
  detail: string | null;
  /** Whether this page's keys go to the shell; another page of the same person may have them. */
  driver: boolean;
  /** All who look at it, this page too: `me` is its id among them. */
  viewers: readonly ViewerBody[];
  me: number | null;
  /** The output is being recorded. */
  recording: RecordingBody | null;
  /** Input the worker would not take, such as a huge paste into a program that does not read. */
  dropped: boolean;
}

/** The screen as a session needs it. */
export interface Screen extends Sink {
  readonly cols: number;
  readonly rows: number;
  readonly pixels: { x: number; y: number };
  /** Blank, all modes off, after what was written before and before what is written next. */
  reset(): void;
  /** Another page decides the size: show the output as it was made. */
  resizeTo(cols: number, rows: number): void;
  /** While old output is played back, the answers a terminal gives to questions in it must not reach the shell. */
  mute(on: boolean): void;
}

export type Attach = () => Promise<Attachment>;

const INITIAL: SessionState = {
  phase: "connecting",
  exit: null,
  problem: null,
  detail: null,
  driver: true,
  viewers: [],
  me: null,
  recording: null,
  dropped: false,
};

export class Session {
  readonly #state = signal<SessionState>(INITIAL);
  readonly #backoff = new Backoff();
  readonly #uplink = new Uplink();
  readonly #downlink: Downlink;
  readonly #encoder = new TextEncoder();
  readonly #listeners = new AbortController();
  #socket: WebSocket | null = null;
  #opened = false;
  #attempt = 0;
  #welcome: Welcome | null = null;
  #epoch: string | null = null;
  #size = { cols: 80, rows: 24 };
  #sentSize = "";
  #resizeSeq = 0;
  #pingSeq = 0;
  #retryTimer: ReturnType<typeof setTimeout> | undefined;
  #resizeTimer: ReturnType<typeof setTimeout> | undefined;
  #pingTimer: ReturnType<typeof setTimeout> | undefined;
  #pongTimer: ReturnType<typeof setTimeout> | undefined;
  #connectTimer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly attach: Attach,
    private readonly screen: Screen,
  ) {
    this.#downlink = new Downlink(screen);
  }

  get state(): ReadonlySignal<SessionState> {
    return this.#state;
  }

  /** Connects; to be called when a view first shows the screen, for then it knows its size. Again: does nothing. */
  open(): void {
    if (this.#opened) return;
    this.#opened = true;
    const { signal: aborted } = this.#listeners;
    const back = () => this.#pageIsBack();
    document.addEventListener("visibilitychange", () => this.#visibilityChanged(), { signal: aborted });
    window.addEventListener("pageshow", back, { signal: aborted });
    window.addEventListener("online", back, { signal: aborted });
    void this.#connect();
  }

  /** Lets go of everything; the shell goes on without us. */
  dispose(): void {
    this.#listeners.abort();
    clearTimeout(this.#resizeTimer);
    this.#drop();
  }

  /** Tries again at a person's word, after an error or instead of waiting. */
  retry(): void {
    this.#backoff.reset();
    this.#drop();
    this.#set({ phase: "reconnecting", problem: null, detail: null });
    void this.#connect();
  }

  /**
   * The container runs again, or will once `started` resolves: the same terminal gets a new shell. What is typed
   * meanwhile is for that shell. Should it not come to it, all is as it was.
   */
  async restart(started: Promise<unknown> = Promise.resolve()): Promise<void> {
    const before = this.#state.peek();
    this.#drop();
    const attempt = this.#attempt;
    this.#backoff.reset();
    this.#uplink.clear();
    this.#epoch = null;
    this.#state.value = INITIAL;
    try {
      await started;
    } catch {
      this.#uplink.clear();
      this.#state.value = before;
      return;
    }
    if (attempt === this.#attempt) await this.#connect();
  }

  /** What a person typed or pasted. */
  input(text: string): void {
    this.#push(this.#encoder.encode(text));
  }

  /** Mouse reports in the old encoding: a string of bytes, not of characters. */
  inputBinary(text: string): void {
    this.#push(Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff));
  }

  /** This page's keys are to go to the shell, not another page's. */
  takeOver(): void {
    if (!this.#state.peek().driver) this.#send(control(ControlOp.TAKE));
  }

  /** The screen has another size. */
  resized(): void {
    clearTimeout(this.#resizeTimer);
    this.#resizeTimer = setTimeout(() => this.#sendSize(), RESIZE_MS);
  }

  #push(data: Uint8Array): void {
    const { phase, driver } = this.#state.peek();
    if (!driver || phase === "ended" || phase === "gone" || phase === "error") return;
    this.#set({ dropped: !this.#uplink.push(data) });
  }

  async #connect(): Promise<void> {
    this.#attempt += 1;
    const attempt = this.#attempt;
    const stale = () => attempt !== this.#attempt;
    clearTimeout(this.#retryTimer);
    // What the screen still has to parse counts as had: wait for it, or the delta would repeat it.
    await this.#downlink.drained();
    let attachment: Attachment;
    try {
      attachment = await this.attach();
    } catch (error) {
      if (!stale()) this.#attachFailed(error);
      return;
    }
    if (stale()) return;
    const socket = new WebSocket(socketUrl(attachment.url), attachment.subprotocol || SUBPROTOCOL);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#connectTimer = setTimeout(() => this.#lost(), CONNECT_MS);
    socket.onopen = () => {
      if (!stale()) this.#sayHello(attachment.ticket);
    };
    socket.onmessage = (event) => {
      if (!stale()) this.#heard(event.data as ArrayBuffer);
    };
    socket.onclose = (event) => {
      if (!stale()) this.#closed(event.code);
    };
  }

  #sayHello(ticket: string): void {
    const { cols, rows, pixels } = this.screen;
    this.#sentSize = `${cols}x${rows}`;
    this.#send(
      hello({
        v: 1,
        ticket,
        epoch: this.#epoch,
        have: this.#epoch === null ? null : this.#downlink.received,
        cols,
        rows,
        xpx: pixels.x,
        ypx: pixels.y,
        want: "rw",
        visible: !document.hidden,
        client: "terrarium",
        history: HISTORY,
        lease: "",
      }),
    );
  }

  #heard(buffer: ArrayBuffer): void {
    let frame: Frame | null;
    try {
      frame = decode(buffer);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#stop("protocol", error.message);
      return;
    }
    if (frame !== null) this.#handle(frame);
  }

  #handle(frame: Frame): void {
    switch (frame.kind) {
      case Kind.WELCOME:
        this.#welcomed(frame.body);
        break;
      case Kind.REPLAY_BEGIN:
        this.screen.mute(true);
        if (frame.replay === ReplayKind.TAIL) {
          this.screen.reset();
          this.#downlink.restart(frame.start);
        }
        break;
      case Kind.OUTPUT:
        if (!this.#downlink.take(frame.offset, frame.data)) this.#lost();
        break;
      case Kind.REPLAY_END:
        this.#downlink.after(() => this.screen.mute(false));
        break;
      case Kind.GAP:
        this.screen.reset();
        this.#downlink.restart(frame.end);
        break;
      case Kind.SIZE:
        this.#size = { cols: frame.cols, rows: frame.rows };
        if (!this.#state.peek().driver) this.#followSize();
        break;
      case Kind.INPUT_ACK:
        if (!this.#uplink.acknowledge(frame.seq, frame.status) && frame.status === InputStatus.DROPPED) {
          this.#set({ dropped: true });
        }
        break;
      case Kind.STATE:
        this.#set({ viewers: frame.body.viewers, recording: frame.body.recording ?? null });
        this.#drives(frame.body.driver === this.#welcome?.viewer);
        break;
      case Kind.PONG:
        clearTimeout(this.#pongTimer);
        break;
      case Kind.EXIT:
        this.#downlink.after(() => this.#set({ phase: "ended", exit: frame.body }));
        break;
      case Kind.ERROR:
        this.#set({ detail: frame.body.msg });
        break;
    }
  }

  #welcomed(welcome: Welcome): void {
    clearTimeout(this.#connectTimer);
    if (this.#epoch !== null && this.#epoch !== welcome.epoch) this.#uplink.clear();
    this.#epoch = welcome.epoch;
    this.#welcome = welcome;
    this.#backoff.reset();
    const send = (frame: Uint8Array<ArrayBuffer>) => this.#send(frame);
    this.#downlink.connect(send);
    this.#set({
      phase: "live",
      problem: null,
      detail: null,
      driver: welcome.driver,
      me: welcome.viewer,
      dropped: false,
    });
    this.#uplink.connect(send);
    this.#size = { cols: welcome.cols, rows: welcome.rows };
    if (welcome.driver) this.#sendSize();
    else this.#followSize();
    this.#pingLater();
  }

  /** Another page of the same person took the keys, or gave them back. */
  #drives(driver: boolean): void {
    if (driver === this.#state.peek().driver) return;
    this.#set({ driver });
    this.#sentSize = "";
    if (driver) this.#sendSize();
    else this.#followSize();
  }

  #followSize(): void {
    const { cols, rows } = this.#size;
    this.#downlink.after(() => this.screen.resizeTo(cols, rows));
  }

  #closed(code: number): void {
    const { phase } = this.#state.peek();
    if (phase === "ended") {
      this.#drop();
      return;
    }
    const decision = verdict(code);
    switch (decision.next) {
      case "retry":
        this.#lost();
        break;
      case "ended":
        this.#drop();
        this.#downlink.after(() => this.#set({ phase: "ended" }));
        break;
      case "gone":
        this.#drop();
        this.#set({ phase: "gone" });
        break;
      case "stop":
        this.#stop(decision.problem, this.#state.peek().detail);
        break;
    }
  }

  #attachFailed(error: unknown): void {
    if (!(error instanceof ApiError)) {
      this.#stop("protocol", error instanceof Error ? error.message : String(error));
      return;
    }
    switch (error.code) {
      case "not-found":
      case "vanished":
        this.#drop();
        this.#set({ phase: "gone" });
        break;
      case "wrong-state":
        this.#drop();
        this.#set({ phase: "ended" });
        break;
      case "signed-out":
        this.#stop("signed-out", null);
        break;
      case "access-denied":
        this.#stop("refused", error.message);
        break;
      default:
        this.#lost();
    }
  }

  /** The connection is no use any more: make another, later each time. */
  #lost(): void {
    this.#drop();
    const { phase } = this.#state.peek();
    if (phase === "live") this.#set({ phase: "reconnecting" });
    this.#retryTimer = setTimeout(() => void this.#connect(), this.#backoff.next());
  }

  #stop(problem: Problem, detail: string | null): void {
    this.#drop();
    this.#set({ phase: "error", problem, detail });
  }

  #drop(): void {
    const socket = this.#socket;
    this.#socket = null;
    this.#attempt += 1;
    this.#welcome = null;
    for (const timer of [this.#retryTimer, this.#pingTimer, this.#pongTimer, this.#connectTimer]) clearTimeout(timer);
    this.#uplink.disconnect();
    this.#downlink.disconnect();
    this.#downlink.after(() => this.screen.mute(false));
    socket?.close();
  }

  #sendSize(): void {
    const { cols, rows, pixels } = this.screen;
    const size = `${cols}x${rows}`;
    if (this.#welcome === null || !this.#state.peek().driver || size === this.#sentSize) return;
    this.#sentSize = size;
    this.#resizeSeq = (this.#resizeSeq + 1) & 0xffff;
    this.#send(resize(this.#resizeSeq, cols, rows, pixels.x, pixels.y));
  }

  #pingLater(): void {
    clearTimeout(this.#pingTimer);
    this.#pingTimer = setTimeout(() => {
      this.#ping(PONG_MS);
      this.#pingLater();
    }, PING_MS);
  }

  /** Asks for a sign of life; without one in time the connection counts as dead. A hidden page's clocks are slow. */
  #ping(patienceMs: number): void {
    if (this.#welcome === null) return;
    this.#pingSeq += 1;
    this.#send(ping(this.#pingSeq, performance.now()));
    clearTimeout(this.#pongTimer);
    if (!document.hidden) this.#pongTimer = setTimeout(() => this.#lost(), patienceMs);
  }

  #visibilityChanged(): void {
    if (this.#welcome !== null) this.#send(visibility(!document.hidden));
    if (document.hidden) clearTimeout(this.#pongTimer);
    else this.#pageIsBack();
  }

  #pageIsBack(): void {
    const { phase } = this.#state.peek();
    if (phase === "live") {
      this.#ping(PROBE_MS);
    } else if ((phase === "reconnecting" || phase === "connecting") && this.#socket === null) {
      this.#backoff.reset();
      void this.#connect();
    }
  }

  #send(frame: Uint8Array<ArrayBuffer>): void {
    if (this.#socket?.readyState === WebSocket.OPEN) this.#socket.send(frame);
  }

  #set(part: Partial<SessionState>): void {
    this.#state.value = { ...this.#state.peek(), ...part };
  }
}
