/** `pty.v1`: the terminal's binary frames. The twin of runtime/protocol/pty.py, which says what each is for. */
import type { ErrorBody, ExitBody, Hello, MarkBody, StateBody, Welcome } from "./generated";

export const SUBPROTOCOL = "pty.v1";
export const MAX_INPUT = 16 * 1024;
export const MAX_INPUT_UNACKED = 64 * 1024;
export const ACK_EVERY = 16 * 1024;
export const HISTORY = 256 * 1024;
/** Bytes of output that the worker keeps. */
export const RING_BYTES = 2 * 1024 * 1024;
/** Characters of a mark's text that are kept; a program may print any number. */
const MARK_TEXT = 1024;
export const COLS = { min: 2, max: 500 } as const;
export const ROWS = { min: 2, max: 1000 } as const;

export const Kind = {
  HELLO: 0x01,
  INPUT: 0x02,
  ACK: 0x03,
  RESIZE: 0x04,
  PING: 0x05,
  SIGNAL: 0x06,
  CONTROL: 0x07,
  VISIBILITY: 0x08,
  REDRAW: 0x09,
  WELCOME: 0x81,
  OUTPUT: 0x82,
  REPLAY_BEGIN: 0x83,
  REPLAY_END: 0x84,
  SIZE: 0x85,
  INPUT_ACK: 0x86,
  PONG: 0x87,
  STATE: 0x88,
  MARK: 0x89,
  GAP: 0x8a,
  EXIT: 0x8b,
  ERROR: 0x8c,
} as const;

/** WebSocket close codes: the closed list of runtime/protocol/pty.py. */
export const Close = {
  RESTART: 1012,
  PROTOCOL: 4400,
  TICKET: 4401,
  ROLE: 4403,
  NO_SESSION: 4404,
  IDLE: 4408,
  TAKEN_OVER: 4409,
  ENDED: 4410,
  INPUT_QUOTA: 4413,
  RATE: 4429,
  WORKER_AWAY: 4503,
} as const;

export const InputStatus = { WRITTEN: 0, QUEUED: 1, NOT_DRIVER: 2, DROPPED: 3 } as const;
export const ReplayKind = { DELTA: 0, TAIL: 1 } as const;
export const ControlOp = { REQUEST: 1, RELEASE: 2, GRANT: 3, TAKE: 4, DENY: 5 } as const;
export const MarkKind = { PROMPT: 0, COMMAND: 1, OUTPUT: 2, DONE: 3, TITLE: 4, CWD: 5, BELL: 6 } as const;

/** What the worker sends, decoded. Offsets fit a double: 2⁵³ bytes are nine petabytes of output. */
export type Frame =
  | { kind: typeof Kind.WELCOME; body: Welcome }
  | { kind: typeof Kind.OUTPUT; offset: number; data: Uint8Array }
  | { kind: typeof Kind.REPLAY_BEGIN | typeof Kind.REPLAY_END; replay: number; start: number; end: number }
  | { kind: typeof Kind.SIZE; at: number; cols: number; rows: number }
  | { kind: typeof Kind.INPUT_ACK; seq: number; status: number }
  | { kind: typeof Kind.PONG; ident: number; clientMs: number; webToWorkerUs: number; loopLagMs: number }
  | { kind: typeof Kind.STATE; body: StateBody }
  | { kind: typeof Kind.MARK; at: number; mark: number; body: MarkBody }
  | { kind: typeof Kind.GAP; start: number; end: number }
  | { kind: typeof Kind.EXIT; body: ExitBody }
  | { kind: typeof Kind.ERROR; body: ErrorBody };

/** A frame shorter than its kind allows, JSON that is none or has not the members it must have, an offset beyond 2⁵³. */
export class FrameError extends Error {}

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Decodes a frame of the worker; null for a kind this page does not know, which is then passed over. */
export function decode(buffer: ArrayBuffer): Frame | null {
  const view = new DataView(buffer);
  try {
    const kind = view.getUint8(0);
    switch (kind) {
      case Kind.WELCOME:
        return { kind, body: welcome(json(buffer)) };
      case Kind.OUTPUT:
        return { kind, offset: u64(view, 1), data: new Uint8Array(buffer, 9) };
      case Kind.REPLAY_BEGIN:
      case Kind.REPLAY_END:
        return { kind, replay: view.getUint8(1), start: u64(view, 2), end: u64(view, 10) };
      case Kind.SIZE:
        return { kind, at: u64(view, 1), ...sized(view.getUint16(9), view.getUint16(11)) };
      case Kind.INPUT_ACK:
        return { kind, seq: view.getUint32(1), status: view.getUint8(5) };
      case Kind.PONG:
        return {
          kind,
          ident: view.getUint32(1),
          clientMs: view.getFloat64(5),
          webToWorkerUs: view.getUint16(13) * 10,
          loopLagMs: view.getUint16(15),
        };
      case Kind.STATE:
        return { kind, body: state(json(buffer)) };
      case Kind.MARK:
        return { kind, at: u64(view, 1), mark: view.getUint8(9), body: mark(json(buffer, 10)) };
      case Kind.GAP:
        return { kind, start: u64(view, 1), end: u64(view, 9) };
      case Kind.EXIT:
        return { kind, body: json(buffer) as unknown as ExitBody };
      case Kind.ERROR:
        return { kind, body: error(json(buffer)) };
      default:
        return null;
    }
  } catch (reason) {
    if (reason instanceof RangeError || reason instanceof SyntaxError || reason instanceof FrameError) {
      throw new FrameError(`terminal frame of ${buffer.byteLength} bytes: ${reason.message}`);
    }
    throw reason;
  }
}

export function hello(body: Hello): Uint8Array<ArrayBuffer> {
  const text = encoder.encode(JSON.stringify(body));
  const frame = new Uint8Array(1 + text.length);
  frame[0] = Kind.HELLO;
  frame.set(text, 1);
  return frame;
}

export function input(seq: number, data: Uint8Array): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(5 + data.length);
  const view = new DataView(frame.buffer);
  view.setUint8(0, Kind.INPUT);
  view.setUint32(1, seq);
  frame.set(data, 5);
  return frame;
}

export function ack(offset: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(9);
  const view = new DataView(frame.buffer);
  view.setUint8(0, Kind.ACK);
  view.setBigUint64(1, BigInt(offset));
  return frame;
}

export function resize(seq: number, cols: number, rows: number, xpx = 0, ypx = 0): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(11);
  const view = new DataView(frame.buffer);
  view.setUint8(0, Kind.RESIZE);
  view.setUint16(1, seq & 0xffff);
  view.setUint16(3, clamp(cols, COLS));
  view.setUint16(5, clamp(rows, ROWS));
  view.setUint16(7, Math.min(xpx, 0xffff));
  view.setUint16(9, Math.min(ypx, 0xffff));
  return frame;
}

/** `lastRttUs`: how long the ping before took, 0 when there was none. */
export function ping(ident: number, clientMs: number, lastRttUs = 0): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(17);
  const view = new DataView(frame.buffer);
  view.setUint8(0, Kind.PING);
  view.setUint32(1, ident);
  view.setFloat64(5, clientMs);
  view.setUint32(13, Math.min(Math.round(lastRttUs), 0xffffffff));
  return frame;
}

export const visibility = (visible: boolean): Uint8Array<ArrayBuffer> =>
  Uint8Array.of(Kind.VISIBILITY, visible ? 1 : 0);

export const signal = (signo: 2 | 3 | 20): Uint8Array<ArrayBuffer> => Uint8Array.of(Kind.SIGNAL, signo);

/** `viewer`: whom it is about, 0 for the sender. */
export function control(op: (typeof ControlOp)[keyof typeof ControlOp], viewer = 0): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(6);
  const view = new DataView(frame.buffer);
  view.setUint8(0, Kind.CONTROL);
  view.setUint8(1, op);
  view.setUint32(2, viewer);
  return frame;
}

export function clamp(value: number, bounds: { min: number; max: number }): number {
  return Math.max(bounds.min, Math.min(bounds.max, Math.round(value)));
}

function u64(view: DataView, at: number): number {
  const value = Number(view.getBigUint64(at));
  if (!Number.isSafeInteger(value)) throw new FrameError(`an offset of ${value}`);
  return value;
}

function sized(cols: number, rows: number): { cols: number; rows: number } {
  return { cols: clamp(cols, COLS), rows: clamp(rows, ROWS) };
}

type Json = Record<string, unknown>;

function json(buffer: ArrayBuffer, at = 1): Json {
  const value: unknown = JSON.parse(decoder.decode(new Uint8Array(buffer, at)));
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new FrameError("no JSON object");
  return value as Json;
}

/** Checks what the page counts on; the rest is as the worker sends it. */
function welcome(body: Json): Welcome {
  const { epoch, viewer, cols, rows, head, tail } = body;
  const counts = [viewer, cols, rows, head, tail].every((value) => Number.isSafeInteger(value));
  if (!counts || typeof epoch !== "string") throw new FrameError("a WELCOME without its members");
  return { ...(body as unknown as Welcome), ...sized(cols as number, rows as number), driver: body.driver === true };
}

function state(body: Json): StateBody {
  const { viewers } = body;
  const sound = Array.isArray(viewers) && viewers.every((viewer) => typeof viewer === "object" && viewer !== null);
  if (!sound) throw new FrameError("a STATE without viewers");
  return body as unknown as StateBody;
}

function mark({ status, text }: Json): MarkBody {
  return {
    ...(Number.isSafeInteger(status) && { status: status as number }),
    ...(typeof text === "string" && { text: text.slice(0, MARK_TEXT) }),
  };
}

function error({ code, msg, close }: Json): ErrorBody {
  return { code: String(code), msg: String(msg ?? "").slice(0, MARK_TEXT), close: Number(close) };
}
