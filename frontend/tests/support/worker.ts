/** The worker's side of `pty.v1`, as much as tests need. */
import type { ViewerBody, Welcome } from "../../src/protocol/generated";
import { Kind } from "../../src/protocol/pty";

const encoder = new TextEncoder();

export function json(kind: number, body: object): Uint8Array<ArrayBuffer> {
  return concat(Uint8Array.of(kind), encoder.encode(JSON.stringify(body)));
}

export function welcome(part: Partial<Welcome> = {}): Uint8Array<ArrayBuffer> {
  return json(Kind.WELCOME, {
    v: 1,
    sid: "s",
    epoch: "e1",
    viewer: 1,
    role: "rw",
    driver: true,
    cols: 80,
    rows: 24,
    head: 0,
    tail: 0,
    window: 131072,
    inwin: 65536,
    replay: { kind: 0, start: 0, end: 0 },
    ...part,
  });
}

/** One of the owner's pages, as STATE tells it. */
export const viewer = (id: number, name: string, part: Partial<ViewerBody> = {}): ViewerBody => ({
  id,
  name,
  role: "rw",
  owner: true,
  visible: true,
  asking: false,
  granted: false,
  lag: 0,
  ...part,
});
export const guest = (id: number, name: string, part: Partial<ViewerBody> = {}) =>
  viewer(id, name, { role: "ro", owner: false, ...part });

export function output(offset: number, text: string | Uint8Array): Uint8Array<ArrayBuffer> {
  const head = new Uint8Array(9);
  const view = new DataView(head.buffer);
  view.setUint8(0, Kind.OUTPUT);
  view.setBigUint64(1, BigInt(offset));
  return concat(head, typeof text === "string" ? encoder.encode(text) : text);
}

export function replay(kind: number, how: number, start: number, end: number): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(18);
  const view = new DataView(frame.buffer);
  view.setUint8(0, kind);
  view.setUint8(1, how);
  view.setBigUint64(2, BigInt(start));
  view.setBigUint64(10, BigInt(end));
  return frame;
}

export function inputAck(seq: number, status = 0): Uint8Array<ArrayBuffer> {
  const frame = new Uint8Array(6);
  const view = new DataView(frame.buffer);
  view.setUint8(0, Kind.INPUT_ACK);
  view.setUint32(1, seq);
  view.setUint8(5, status);
  return frame;
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
