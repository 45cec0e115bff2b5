import type { Mark, Screen } from "../../src/terminal/session";

/** A screen that parses when told to, or at once. */
export class FakeScreen implements Screen {
  cols = 80;
  rows = 24;
  pixels = { x: 800, y: 480 };
  text = "";
  muted = false;
  slow = false;
  #queue: [string, () => void][] = [];

  write(data: Uint8Array | string, parsed: () => void): void {
    this.#queue.push([typeof data === "string" ? data : new TextDecoder().decode(data), parsed]);
    if (!this.slow) this.parse();
  }
  parse(): void {
    for (const [text, parsed] of this.#queue.splice(0)) {
      this.text += text;
      parsed();
    }
  }
  reset(): void {
    this.write("<reset>", () => {});
  }
  resizeTo(cols: number, rows: number): void {
    this.cols = cols;
    this.rows = rows;
    this.text += `<${cols}x${rows}>`;
  }
  mute(on: boolean): void {
    this.muted = on;
  }
  /** At its place in the text. */
  mark(mark: Mark): void {
    this.text += `<${mark.kind}>`;
  }
}
