/**
 * One terminal: its connection, its screen and its state. It outlives the view that shows it, so that a hidden tab
 * goes on, and connects again by itself, going on at the very byte where it was.
 */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Welcome } from "../protocol/generated";
import {
  ControlOp,
  type Frame,
  HISTORY,
  hello,
  InputStatus,
  Kind,
  ReplayKind,
  redraw,
  signal as signalFrame,
  visibility,
} from "../protocol/pty";
import { type Problem, refusal, type Verdict, verdict } from "./closing";
import { Downlink } from "./downlink";
import { Helm } from "./helm";
import { Line } from "./line";
import { Marks } from "./marks";
import { Pulse } from "./pulse";
import { type Attach, INITIAL, type Latency, type Mark, type Screen, type SessionState } from "./state";
import { Uplink } from "./uplink";

export type { Attach, Latency, Mark, Phase, Screen, SessionState } from "./state";

export class Session {
  readonly #state = signal<SessionState>(INITIAL);
  readonly #uplink = new Uplink();
  readonly #downlink: Downlink;
  readonly #line: Line;
  readonly #pulse: Pulse;
  readonly #helm: Helm;
  readonly #marks = new Marks();
  readonly #encoder = new TextEncoder();
  readonly #listeners = new AbortController();
  #opened = false;
  #shown = true;
  #welcome: Welcome | null = null;
  #epoch: string | null = null;
  #history = HISTORY;

  /** `lease`: a word of this page's by which the worker knows it again when it comes back. */
  constructor(
    attach: Attach,
    private readonly screen: Screen,
    private readonly lease = "",
  ) {
    this.#downlink = new Downlink(screen);
    this.#pulse = new Pulse(() => this.#lost());
    this.#helm = new Helm(screen, { state: this.#state, set: (part) => this.#set(part) }, (action) =>
      this.#downlink.after(action),
    );
    this.#line = new Line(attach, {
      ready: () => this.#downlink.drained(),
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
    return this.#marks.all;
  }

  /** Hears of each mark, bells too, when what is before it is on the screen. Returns how to stop. */
  onMark(listener: (mark: Mark) => void): () => void {
    return this.#marks.listen(listener);
  }

  /** Measures the latency each second while on; to be called off as often as on. */
  watchLatency(on: boolean): void {
    this.#pulse.watch(on);
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
    void this.#line.connect();
  }

  /** Lets go of everything; the shell goes on without us. */
  dispose(): void {
    this.#listeners.abort();
    this.#helm.dispose();
    this.#drop();
  }

  /** Whether a view shows it: what nobody sees does not hold the program up. */
  show(shown: boolean): void {
    if (shown === this.#shown) return;
    this.#shown = shown;
    if (!document.hidden) this.#send(visibility(shown));
  }

  /** Tries again at a person's word, after an error or instead of waiting. */
  retry(): void {
    this.#drop();
    this.#set({ phase: "reconnecting", problem: null, detail: null });
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

  /** What a person typed or pasted. */
  input(text: string): void {
    this.#push(this.#encoder.encode(text));
  }

  /** Mouse reports in the old encoding: a string of bytes, not of characters. */
  inputBinary(text: string): void {
    this.#push(Uint8Array.from(text, (char) => char.charCodeAt(0) & 0xff));
  }

  /** This page's keys are to go to the shell, not another's. A guest cannot. */
  takeOver(): void {
    if (this.#state.peek().role === "rw") this.#helm.take();
  }

  /** A guest asks to type. */
  ask(): void {
    this.#helm.say(ControlOp.REQUEST);
  }

  /** Gives the typing back, or takes the question back. */
  release(): void {
    this.#helm.say(ControlOp.RELEASE);
  }

  /** The owner lets the viewer `id` type. */
  grant(id: number): void {
    this.#helm.say(ControlOp.GRANT, id);
  }

  /** The owner says no, or takes back what was granted. */
  deny(id: number): void {
    this.#helm.say(ControlOp.DENY, id);
  }

  /** SIGINT, SIGQUIT or SIGTSTP to what runs in the foreground, past all input that waits. */
  signal(signo: 2 | 3 | 20): void {
    this.#send(signalFrame(signo));
  }

  /** Has the program draw anew. */
  redraw(): void {
    this.#send(redraw());
  }

  /** Has more of the earlier output shown, if the worker has more: the screen is filled anew. */
  loadMore(): void {}

  /** The screen has another size. */
  resized(): void {
    this.#helm.resized();
  }

  #push(data: Uint8Array): void {
    const { phase, driver } = this.#state.peek();
    if (!driver || phase === "ended" || phase === "gone" || phase === "error") return;
    this.#set({ dropped: !this.#uplink.push(data) });
  }

  #hello(ticket: string): Uint8Array<ArrayBuffer> {
    const { cols, rows, pixels } = this.screen;
    this.#helm.told();
    return hello({
      v: 1,
      ticket,
      epoch: this.#epoch,
      have: this.#epoch === null ? null : this.#downlink.received,
      cols,
      rows,
      xpx: pixels.x,
      ypx: pixels.y,
      want: "rw",
      visible: this.#visible,
      client: "terrarium",
      history: this.#history,
      lease: this.lease,
    });
  }

  get #visible(): boolean {
    return this.#shown && !document.hidden;
  }

  #handle(frame: Frame): void {
    switch (frame.kind) {
      case Kind.WELCOME:
        this.#welcomed(frame.body);
        break;
      case Kind.REPLAY_BEGIN:
        this.screen.mute(true);
        if (frame.replay === ReplayKind.TAIL) this.#startOver(frame.start);
        break;
      case Kind.OUTPUT:
        if (!this.#downlink.take(frame.offset, frame.data)) this.#lost();
        break;
      case Kind.REPLAY_END:
        this.#downlink.after(() => this.screen.mute(false));
        break;
      case Kind.GAP:
        this.#startOver(frame.end);
        break;
      case Kind.SIZE:
        this.#downlink.at(frame.at, () => this.#helm.sized(frame.cols, frame.rows));
        break;
      case Kind.MARK: {
        const mark = { at: frame.at, kind: frame.mark, body: frame.body };
        this.#downlink.at(frame.at, () => {
          if (this.#marks.add(mark)) this.screen.mark?.(mark);
        });
        break;
      }
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
      case Kind.EXIT:
        this.#downlink.after(() => this.#set({ phase: "ended", exit: frame.body }));
        break;
      case Kind.ERROR:
        this.#set({ detail: frame.body.msg });
        break;
    }
  }

  /** The screen begins blank, with the output from `offset` on. */
  #startOver(offset: number): void {
    this.screen.reset();
    this.#downlink.restart(offset);
    this.#downlink.after(() => this.#marks.clear());
  }

  #welcomed(welcome: Welcome): void {
    this.#line.stands();
    if (this.#epoch !== null && this.#epoch !== welcome.epoch) this.#uplink.clear();
    this.#epoch = welcome.epoch;
    this.#welcome = welcome;
    this.#downlink.connect(this.#send);
    this.#set({
      phase: "live",
      problem: null,
      detail: null,
      driver: welcome.driver,
      role: welcome.role,
      me: welcome.viewer,
      dropped: false,
    });
    this.#uplink.connect(this.#send);
    this.#helm.connect(this.#send, { cols: welcome.cols, rows: welcome.rows });
    this.#pulse.connect(this.#send);
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
        this.#downlink.after(() => this.#set({ phase: "ended" }));
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
    this.#downlink.disconnect();
    this.#downlink.after(() => this.screen.mute(false));
  }

  #visibilityChanged(): void {
    if (this.#shown) this.#send(visibility(this.#visible));
    if (document.hidden) this.#pulse.doze();
    else this.#pageIsBack();
  }

  #pageIsBack(): void {
    const { phase } = this.#state.peek();
    if (phase === "live") this.#pulse.probe();
    else if (phase === "reconnecting" || phase === "connecting") this.#line.hurry();
  }

  /** Nothing before WELCOME but HELLO. */
  #send = (frame: Uint8Array<ArrayBuffer>): void => {
    if (this.#welcome !== null) this.#line.send(frame);
  };

  #set(part: Partial<SessionState>): void {
    this.#state.value = { ...this.#state.peek(), ...part };
  }
}
