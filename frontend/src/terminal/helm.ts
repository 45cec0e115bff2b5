/** Who types, and so decides the size: asking for it, giving it, and showing the output of another's size. */
import { ControlOp, control, resize } from "../protocol/pty";
import type { Screen, Send, Store } from "./state";

const RESIZE_MS = 60;

export class Helm {
  #send: Send | null = null;
  #size = { cols: 80, rows: 24 };
  #sentSize = "";
  #seq = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly screen: Screen,
    private readonly store: Store,
    /** Runs an action once the screen has parsed what it was given. */
    private readonly after: (action: () => void) => void,
  ) {}

  /** WELCOME: the pty has this size. */
  connect(send: Send, size: { cols: number; rows: number }): void {
    this.#send = send;
    this.#size = size;
    if (this.store.state.peek().driver) this.#sendSize();
    else this.#follow();
  }

  disconnect(): void {
    this.#send = null;
  }

  dispose(): void {
    clearTimeout(this.#timer);
  }

  /** HELLO names this size: it need not be told again. */
  told(): void {
    this.#sentSize = `${this.screen.cols}x${this.screen.rows}`;
  }

  /** The screen has another size: told once it has come to rest. */
  resized(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#sendSize(), RESIZE_MS);
  }

  /** The stream is at the place where the pty got another size. */
  sized(cols: number, rows: number): void {
    this.#size = { cols, rows };
    if (!this.store.state.peek().driver) this.screen.resizeTo(cols, rows);
  }

  /** Another took the keys, or gave them back. */
  drives(driver: boolean): void {
    if (driver === this.store.state.peek().driver) return;
    this.store.set({ driver });
    this.#sentSize = "";
    if (driver) this.#sendSize();
    else this.#follow();
  }

  take(): void {
    if (!this.store.state.peek().driver) this.#send?.(control(ControlOp.TAKE));
  }

  say(op: (typeof ControlOp)[keyof typeof ControlOp], viewer = 0): void {
    this.#send?.(control(op, viewer));
  }

  #follow(): void {
    const { cols, rows } = this.#size;
    this.after(() => this.screen.resizeTo(cols, rows));
  }

  #sendSize(): void {
    const { cols, rows, pixels } = this.screen;
    const size = `${cols}x${rows}`;
    if (this.#send === null || !this.store.state.peek().driver || size === this.#sentSize) return;
    this.#sentSize = size;
    this.#seq = (this.#seq + 1) & 0xffff;
    this.#send(resize(this.#seq, cols, rows, pixels.x, pixels.y));
  }
}
