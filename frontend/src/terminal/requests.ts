/** What a person can ask of a terminal beside typing: who types, a signal. Each is one frame. */
import type { ReadonlySignal } from "@preact/signals";
import { ControlOp, control, signal } from "../protocol/pty";
import type { SessionState } from "./state";

export abstract class Requests {
  abstract get state(): ReadonlySignal<SessionState>;
  protected abstract send(frame: Uint8Array<ArrayBuffer>): void;

  /** This page's keys are to go to the shell, not another's. A guest cannot. */
  takeOver(): void {
    const { driver, role } = this.state.peek();
    if (!driver && role === "rw") this.send(control(ControlOp.TAKE));
  }

  /** A person turned to this page: it takes the keys from another page of the owner, not from a guest who was let. */
  attend(): void {
    const { driving, viewers } = this.state.peek();
    if (viewers.find((viewer) => viewer.id === driving)?.owner ?? true) this.takeOver();
  }

  /** A guest asks to type. */
  ask(): void {
    this.send(control(ControlOp.REQUEST));
  }

  /** Gives the typing back, or takes the question back. */
  release(): void {
    this.send(control(ControlOp.RELEASE));
  }

  /** The owner lets the viewer `id` type. */
  grant(id: number): void {
    this.send(control(ControlOp.GRANT, id));
  }

  /** The owner says no, or takes back what was granted. */
  deny(id: number): void {
    this.send(control(ControlOp.DENY, id));
  }

  /** SIGINT, SIGQUIT or SIGTSTP to what runs in the foreground, past all input that waits. */
  signal(signo: 2 | 3 | 20): void {
    this.send(signal(signo));
  }
}
