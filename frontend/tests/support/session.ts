/** What tests of a terminal's session do over and over. They have faked the timers. */
import { vi } from "vitest";
import type { Welcome } from "../../src/protocol/generated";
import { Kind } from "../../src/protocol/pty";
import type { Session } from "../../src/terminal/session";
import { FakeSocket } from "./socket";
import { welcome } from "./worker";

export const ATTACHMENT = { url: "/ws/terminal/c/t", ticket: "ticket", subprotocol: "pty.v1" };

/** What promises lead to has happened. */
export const settle = () => vi.advanceTimersByTimeAsync(0);

export const helloOf = (socket: FakeSocket) =>
  JSON.parse(new TextDecoder().decode(socket.frames(Kind.HELLO)[0]?.subarray(1)));

/** Opens the session and brings it to `live`. */
export async function goLive(session: Session, part: Partial<Welcome> = {}): Promise<FakeSocket> {
  session.open();
  await settle();
  FakeSocket.last().opens();
  FakeSocket.last().says(welcome(part));
  return FakeSocket.last();
}
