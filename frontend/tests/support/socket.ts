/** A WebSocket that a test holds the other end of. */
import { vi } from "vitest";

export class FakeSocket {
  static readonly OPEN = 1;
  static all: FakeSocket[] = [];

  /** The newest one. */
  static last(): FakeSocket {
    const socket = FakeSocket.all.at(-1);
    if (socket === undefined) throw new Error("no socket was opened");
    return socket;
  }

  static install(): void {
    FakeSocket.all = [];
    vi.stubGlobal("WebSocket", FakeSocket);
  }

  readyState = 0;
  binaryType = "blob";
  sent: (Uint8Array | string)[] = [];
  closedByPage = false;
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;

  constructor(
    readonly url: string,
    readonly protocol: string,
  ) {
    FakeSocket.all.push(this);
  }

  send(data: Uint8Array | string): void {
    this.sent.push(data);
  }

  close(): void {
    this.closedByPage = true;
    this.readyState = 3;
  }

  opens(): void {
    this.readyState = 1;
    this.onopen?.();
  }

  says(data: Uint8Array<ArrayBuffer> | string): void {
    this.onmessage?.({ data: typeof data === "string" ? data : data.buffer });
  }

  closes(code: number): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }

  /** Frames sent of one kind. */
  frames(kind: number): Uint8Array[] {
    return this.sent.filter((data): data is Uint8Array => typeof data !== "string" && data[0] === kind);
  }
}
