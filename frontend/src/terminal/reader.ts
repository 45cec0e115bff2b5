/** What of the worker's frames goes to the screen: output, what is played back of it, and what has a place in it. */
import type { ExitBody } from "../protocol/generated";
import { type Frame, Kind, ReplayKind } from "../protocol/pty";
import { Downlink } from "./downlink";
import { Marks } from "./marks";
import type { Screen } from "./state";

export interface ReaderEvents {
  /** Bytes are missing, or far too many came: the connection is no use. */
  broken(): void;
  /** The screen begins anew with this offset. */
  begins(offset: number): void;
  /** Output came that is no repetition. */
  output(): void;
  /** The pty got another size at this place. */
  sized(cols: number, rows: number): void;
  /** All output is on the screen, and no more will come. */
  ended(exit: ExitBody): void;
}

export class Reader {
  readonly downlink: Downlink;
  readonly marks = new Marks();
  /** Called, once, when the next replay is parsed. */
  filled: (() => void) | null = null;
  #replaying = false;

  constructor(
    private readonly screen: Screen,
    private readonly events: ReaderEvents,
  ) {
    this.downlink = new Downlink(screen);
  }

  connect(send: (frame: Uint8Array<ArrayBuffer>) => void): void {
    this.#replaying = false;
    this.downlink.connect(send);
  }

  disconnect(): void {
    this.downlink.disconnect();
    this.downlink.after(() => this.screen.mute(false));
  }

  /** False: the frame is none for the screen. */
  take(frame: Frame): boolean {
    switch (frame.kind) {
      case Kind.REPLAY_BEGIN:
        this.#replaying = true;
        this.screen.mute(true);
        if (frame.replay === ReplayKind.TAIL) this.#startOver(frame.start);
        return true;
      case Kind.OUTPUT:
        if (!this.downlink.take(frame.offset, frame.data)) this.events.broken();
        else if (!this.#replaying) this.events.output();
        return true;
      case Kind.REPLAY_END:
        this.#replaying = false;
        this.downlink.after(() => {
          this.screen.mute(false);
          this.filled?.();
          this.filled = null;
        });
        return true;
      case Kind.GAP:
        this.#startOver(frame.end);
        return true;
      case Kind.SIZE:
        this.downlink.at(frame.at, () => this.events.sized(frame.cols, frame.rows));
        return true;
      case Kind.MARK: {
        const mark = { at: frame.at, kind: frame.mark, body: frame.body };
        this.downlink.at(frame.at, () => {
          if (this.marks.add(mark)) this.screen.mark?.(mark);
        });
        return true;
      }
      case Kind.EXIT:
        this.downlink.after(() => this.events.ended(frame.body));
        return true;
      default:
        return false;
    }
  }

  #startOver(offset: number): void {
    this.screen.reset();
    this.downlink.restart(offset);
    this.downlink.after(() => this.marks.clear());
    this.events.begins(offset);
  }
}
