/** What a terminal's session knows, what it needs of a screen, and what it tells. */
import type { ReadonlySignal } from "@preact/signals";
import type { ExitBody, MarkBody, RecordingBody, ViewerBody } from "../protocol/generated";
import type { Attachment } from "../protocol/rest";
import type { Problem } from "./closing";
import type { Sink } from "./downlink";

export type Phase = "connecting" | "live" | "reconnecting" | "ended" | "gone" | "error";

export interface SessionState {
  phase: Phase;
  /** How it ended, in phase `ended`; null where that is not known. */
  exit: ExitBody | null;
  /** Why it stands still, in phase `error`. */
  problem: Problem | null;
  /** The web side's own sentence for the problem. */
  detail: string | null;
  /** Its code, of the worker's closed list. */
  code: string | null;
  /** Whether this page's keys go to the shell; another page or person may have them. */
  driver: boolean;
  /** What this page may at most: `ro` looks on, and types only when the owner lets it. */
  role: "rw" | "ro";
  /** The viewer that types, null for none. */
  driving: number | null;
  /** All who look at it, this page too: `me` is its id among them. */
  viewers: readonly ViewerBody[];
  me: number | null;
  /** When somebody last typed, in seconds since the epoch. */
  typedAt: number | null;
  /** `held`: the program waits for the screen of who types. */
  flow: "open" | "held";
  /** The output is being recorded. */
  recording: RecordingBody | null;
  /** Input the worker would not take, such as a huge paste into a program that does not read. */
  dropped: boolean;
  /** Bytes typed that wait for the connection. */
  waiting: number;
  /** Bytes of output before the first one on the screen that the worker still has. */
  earlier: number;
}

export const INITIAL: SessionState = {
  phase: "connecting",
  exit: null,
  problem: null,
  detail: null,
  code: null,
  driver: true,
  role: "rw",
  driving: null,
  viewers: [],
  me: null,
  typedAt: null,
  flow: "open",
  recording: null,
  dropped: false,
  waiting: 0,
  earlier: 0,
};

/** A place in the output that means something. `at`: the offset after the sequence that made it; `kind`: MarkKind's. */
export interface Mark {
  at: number;
  kind: number;
  body: MarkBody;
}

/** `webToWorkerMs`, `loopLagMs`: how long the ping took from the web process to the worker, and how late that runs. */
export interface Latency {
  rttMs: number;
  webToWorkerMs: number;
  loopLagMs: number;
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
  /** Called in the order of the stream, when all before the mark is on the screen and nothing after it. */
  mark?(mark: Mark): void;
}

export type Attach = () => Promise<Attachment>;

export type Send = (frame: Uint8Array<ArrayBuffer>) => void;

/** A part of a session's state that only it changes. */
export interface Store {
  readonly state: ReadonlySignal<SessionState>;
  set(part: Partial<SessionState>): void;
}
