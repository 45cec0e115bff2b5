import { describe, expect, it } from "vitest";
import { ack, decode, FrameError, hello, input, Kind, ping, resize, visibility } from "../src/protocol/pty";
import { inputAck, json, output, replay, welcome } from "./support/worker";

const hex = (frame: Uint8Array) => [...frame].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");

// The bytes are those runtime/protocol/pty.py packs for the same arguments.
describe("frames to the worker", () => {
  it("packs integers big-endian", () => {
    expect(hex(input(1, Uint8Array.of(0x6c, 0x73)))).toBe("02 00 00 00 01 6c 73");
    expect(hex(ack(2 ** 33 + 1))).toBe("03 00 00 00 02 00 00 00 01");
    expect(hex(resize(258, 80, 24, 800, 600))).toBe("04 01 02 00 50 00 18 03 20 02 58");
    expect(hex(ping(7, 1.5, 2))).toBe("05 00 00 00 07 3f f8 00 00 00 00 00 00 00 00 00 02");
    expect(hex(visibility(false))).toBe("08 00");
  });

  it("clamps a size to what a terminal can be", () => {
    expect(hex(resize(0, 1, 5000))).toBe("04 00 00 00 02 03 e8 00 00 00 00");
  });

  it("writes HELLO as JSON behind its kind", () => {
    const body = {
      v: 1,
      ticket: "t",
      cols: 80,
      rows: 24,
      xpx: 0,
      ypx: 0,
      want: "rw",
      visible: true,
      client: "",
      history: 1,
      lease: "",
    } as const;
    const frame = hello(body);
    expect(frame[0]).toBe(Kind.HELLO);
    expect(JSON.parse(new TextDecoder().decode(frame.subarray(1)))).toEqual(body);
  });
});

describe("frames of the worker", () => {
  it("decodes each kind", () => {
    expect(decode(welcome({ head: 5 }).buffer)).toMatchObject({ kind: Kind.WELCOME, body: { head: 5, driver: true } });
    expect(decode(output(2 ** 40, "é").buffer)).toEqual({
      kind: Kind.OUTPUT,
      offset: 2 ** 40,
      data: Uint8Array.of(0xc3, 0xa9),
    });
    expect(decode(replay(Kind.REPLAY_BEGIN, 1, 3, 9).buffer)).toEqual({
      kind: Kind.REPLAY_BEGIN,
      replay: 1,
      start: 3,
      end: 9,
    });
    expect(decode(inputAck(4, 2).buffer)).toEqual({ kind: Kind.INPUT_ACK, seq: 4, status: 2 });
    expect(decode(json(Kind.EXIT, { code: 0, oom: false }).buffer)).toMatchObject({ body: { code: 0 } });
  });

  it("passes over kinds of a later worker", () => {
    expect(decode(Uint8Array.of(0x9f, 1, 2).buffer)).toBeNull();
  });

  it("refuses frames that are cut short", () => {
    expect(() => decode(Uint8Array.of(Kind.OUTPUT, 0, 0).buffer)).toThrow(FrameError);
    expect(() => decode(Uint8Array.of(Kind.WELCOME, 0x7b).buffer)).toThrow(FrameError);
    expect(() => decode(new ArrayBuffer(0))).toThrow(FrameError);
  });
});
