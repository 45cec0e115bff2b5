/**
 * One terminal: its connection, its screen and its state. It outlives the view that shows it, so that a hidden tab
 * goes on, and connects again by itself, going on at the very byte where it was.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Welcome } from "../protocol/generated";
import { type Frame, HISTORY, hello, InputStatus, Kind, RING_BYTES, visibility } from "../protocol/pty";
import { type Problem, refusal, type Verdict, verdict } from "./closing";
import { Helm } from "./helm";
import { Line } from "./line";
import { Presence } from "./presence";
import { Pulse } from "./pulse";
import { Reader } from "./reader";
import { Requests } from "./requests";
import { type Attach, INITIAL, type Latency, type Mark, type Screen, type SessionState } from "./state";
import { Uplink } from "./uplink";

export type { Attach, Latency, Mark, Phase, Screen, SessionState } from "./state";

export interface SessionOptions {
  /** A word of this page's by which the worker knows it again when it comes back. */
  lease?: string;
  /** Output came that is no repetition. */
  output?(): void;
}

export class Session extends Requests {
  readonly #state = signal<SessionState>(INITIAL);
  readonly #uplink = new Uplink();
  readonly #reader: Reader;
  readonly #line: Line;
  readonly #pulse: Pulse;
  readonly #helm: Helm;
  readonly #encoder = new TextEncoder();
  readonly #presence: Presence;
  #opened = false;
  /** The next connection is to fill the screen anew. */
  #whole = true;
  #welcome: Welcome | null = null;
  #epoch: string | null = null;
  #history = HISTORY;

  constructor(
    attach: Attach,
    private readonly screen: Screen,
    private readonly options: SessionOptions = {},
  ) {
    super();
    this.#reader = new Reader(screen, {
      broken: () => this.#lost(),
      begins: (offset) => this.#set({ earlier: Math.max(0, offset - (this.#welcome?.tail ?? offset)) }),
      output: () => this.options.output?.(),
      sized: (cols, rows) => this.#helm.sized(cols, rows),
      ended: (exit) => this.#set({ phase: "ended", exit }),
    });
    this.#pulse = new Pulse(() => this.#lost());
    this.#helm = new Helm(screen, { state: this.#state, set: (part) => this.#set(part) }, (action) =>
      this.#reader.downlink.after(action),
    );
    this.#presence = new Presence({
      seen: (seen) => this.send(visibility(seen)),
      away: () => this.#pulse.doze(),
      back: () => this.#pageIsBack(),
    });
    this.#line = new Line(attach, {
      ready: () => this.#reader.downlink.drained(),
      hello: (ticket) => this.#hello(ticket),
      frame: (frame) => this.#handle(frame),
      garbled: (why) => this.#stop("protocol", why),
      refused: (error) => this.#decide(refusal(error)),
      closed: (code) => this.#decide(verdict(code)),
      lost: () => this.#lost(),
    });
  }

  get state(): ReadonlySignal<SessionState> {
    return this.#state;
  }

  /** How long the last ping took; null before the first answer. */
  get latency(): ReadonlySignal<Latency | null> {
    return this.#pulse.latency;
  }

  /** Prompts, commands, titles and directories in the output that is on the screen. */
  get marks(): ReadonlySignal<readonly Mark[]> {
    return this.#reader.marks.all;
  }

  /** Hears of each mark, bells too, when what is before it is on the screen. Returns how to stop. */
  onMark(listener: (mark: Mark) => void): () => void {
    return this.#reader.marks.listen(listener);
  }

  /** Measures the latency each second while on; to be called off as often as on. */
  watchLatency(on: boolean): void {
    this.#pulse.watch(on);
  }

  /** Connects; to be called when a view first shows the screen, for then it knows its size. Again: does nothing. */
  open(): void {
    if (this.#opened) return;
    this.#opened = true;
    this.#presence.watch();
    void this.#line.connect();
  }

  /** Lets go of everything; the shell goes on without us. */
  dispose(): void {
    this.#presence.dispose();
    this.#helm.dispose();
    this.#drop();
  }

  /** Whether a view shows it: what nobody sees does not hold the program up. */
  show(shown: boolean): void {
    this.#presence.show(shown);
  }

  /** Tries again at a person's word, after an error or instead of waiting. */
  retry(): void {
    this.#drop();
    this.#set({ phase: "reconnecting", problem: null, detail: null, code: null });
    this.#line.hurry();
  }

  /**
   * The container runs again, or will once `started` resolves: the same terminal gets a new shell. What is typed
   * meanwhile is for that shell. Should it not come to it, all is as it was.
   */
  async restart(started: Promise<unknown> = Promise.resolve()): Promise<void> {
    const before = this.#state.peek();
    this.#drop();
    const { attempt } = this.#line;
    this.#line.calm();
    this.#uplink.clear();
    this.#epoch = null;
    this.#whole = true;
    this.#state.value = INITIAL;
    try {
      await started;
    } catch {
      this.#uplink.clear();
      this.#state.value = before;
      return;
    }
    if (attempt === this.#line.attempt) await this.#line.connect();
  }

  /**
   * The worker does not refuse the owner, and takes frames in their order: what is typed from here on comes after this.
   * What STATE still says of before is put right by the next.
   */
  override takeOver(): void {
    const { driver, role, phase, me } = this.#state.peek();
    if (driver || role !== "rw" || phase !== "live") return;
    super.takeOver();
    this.#set({ driving: me });
    this.#helm.drives(true);
  }

  /** What a person typed or pasted. */
  input(text: string): void {
    this.#push(this.#encoder.encode(text));
  }

  /** Mouse reports in the old encoding: a string of bytes, not of characters. */
  inputBinary(text: string): void {
    this.#push(Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff));
  }

  /** Bytes typed that are still on their way to the program; null where nothing can be typed. */
  get backlog(): number | null {
    return this.#listens ? this.#uplink.backlog : null;
  }

  /**
   * Has more of the earlier output shown: the screen is filled anew, with four times as much, or all there is. `filled`
   * is called when that is parsed.
   */
  loadMore(filled?: () => void): void {
    const { phase, earlier } = this.#state.peek();
    if (phase !== "live" || earlier === 0) return;
    this.#history = Math.min(this.#history * 4, RING_BYTES);
    this.#drop();
    this.#whole = true;
    this.#reader.filled = filled ?? null;
    this.#set({ phase: "reconnecting", earlier: 0 });
    this.#line.hurry();
  }

  /** The screen has another size. */
  resized(): void {
    this.#helm.resized();
  }

  /** What is typed goes to the shell, now or once the connection is back. */
  get #listens(): boolean {
    const { phase, driver } = this.#state.peek();
    return driver && phase !== "ended" && phase !== "gone" && phase !== "error";
  }

  #push(data: Uint8Array): void {
    if (!this.#listens) return;
    const { phase } = this.#state.peek();
    const dropped = !this.#uplink.push(data);
    this.#set({ dropped, waiting: phase === "live" ? 0 : this.#uplink.waiting });
  }

  #hello(ticket: string): Uint8Array<ArrayBuffer> {
    const { cols, rows, pixels } = this.screen;
    this.#helm.told();
    return hello({
      v: 1,
      ticket,
      epoch: this.#epoch,
      have: this.#whole ? null : this.#reader.downlink.received,
      cols,
      rows,
      xpx: pixels.x,
      ypx: pixels.y,
      want: "rw",
      visible: this.#presence.seen,
      client: "terrarium",
      history: this.#history,
      lease: this.options.lease ?? "",
    });
  }

  #handle(frame: Frame): void {
    if (this.#reader.take(frame)) return;
    switch (frame.kind) {
      case Kind.WELCOME:
        this.#welcomed(frame.body);
        break;
      case Kind.INPUT_ACK:
        if (!this.#uplink.acknowledge(frame.seq, frame.status) && frame.status === InputStatus.DROPPED) {
          this.#set({ dropped: true });
        }
        break;
      case Kind.STATE: {
        const { driver, viewers, recording, typed_at, flow } = frame.body;
        this.#set({
          viewers,
          driving: driver ?? null,
          recording: recording ?? null,
          typedAt: typed_at ?? null,
          flow,
        });
        this.#helm.drives(this.#welcome !== null && driver === this.#welcome.viewer);
        break;
      }
      case Kind.PONG:
        this.#pulse.answered(frame);
        break;
      case Kind.ERROR:
        this.#set({ detail: frame.body.msg, code: frame.body.code });
        break;
    }
  }

  #welcomed(welcome: Welcome): void {
    this.#line.stands();
    if (this.#epoch !== null && this.#epoch !== welcome.epoch) this.#uplink.clear();
    this.#epoch = welcome.epoch;
    this.#whole = false;
    this.#welcome = welcome;
    this.#reader.connect(this.send);
    this.#set({
      phase: "live",
      problem: null,
      detail: null,
      code: null,
      driver: welcome.driver,
      role: welcome.role,
      me: welcome.viewer,
      dropped: false,
      waiting: 0,
    });
    this.#uplink.connect(this.send);
    this.#helm.connect(this.send, { cols: welcome.cols, rows: welcome.rows });
    this.#pulse.connect(this.send);
  }

  /** The connection is over, or none came about. */
  #decide(decision: Verdict): void {
    const { phase } = this.#state.peek();
    if (phase === "ended") {
      this.#drop();
      return;
    }
    switch (decision.next) {
      case "retry":
        this.#lost();
        break;
      case "ended":
        this.#drop();
        this.#reader.downlink.after(() => this.#set({ phase: "ended" }));
        break;
      case "gone":
        this.#drop();
        this.#set({ phase: "gone" });
        break;
      case "stop":
        this.#stop(decision.problem, decision.detail ?? this.#state.peek().detail);
        break;
    }
  }

  /** The connection is no use any more: make another, later each time. */
  #lost(): void {
    this.#drop();
    if (this.#state.peek().phase === "live") this.#set({ phase: "reconnecting" });
    this.#line.connectLater();
  }

  #stop(problem: Problem, detail: string | null): void {
    this.#drop();
    this.#set({ phase: "error", problem, detail });
  }

  #drop(): void {
    this.#line.drop();
    this.#welcome = null;
    this.#pulse.disconnect();
    this.#helm.disconnect();
    this.#uplink.disconnect();
    this.#reader.disconnect();
  }

  #pageIsBack(): void {
    const { phase } = this.#state.peek();
    if (phase === "live") this.#pulse.probe();
    else if (phase === "reconnecting" || phase === "connecting") this.#line.hurry();
  }

  /** Nothing before WELCOME but HELLO. */
  protected send = (frame: Uint8Array<ArrayBuffer>): void => {
    if (this.#welcome !== null) this.#line.send(frame);
  };

  #set(part: Partial<SessionState>): void {
    const before = this.#state.peek();
    const keys = Object.keys(part) as (keyof SessionState)[];
    if (keys.some((key) => part[key] !== before[key])) this.#state.value = { ...before, ...part };
  }
}
