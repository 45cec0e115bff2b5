/** Files on their way into a container, one after another: offered, asked about, sent, told. */
import { type ReadonlySignal, signal } from "@preact/signals";
import { t } from "../../i18n/index";
import { type Api, ApiError } from "../../protocol/api";
import { printable } from "../../state/format";
import { speak } from "../../ui/announce";
import { clean, MAX_FILE, numbered, within } from "./paths";
import { refusedWords } from "./refused";

/** `asking`: its name is taken. */
export type Phase = "waiting" | "asking" | "sending" | "done" | "failed";

export interface Upload {
  id: number;
  /** The terminal it was dropped on. */
  tab: string;
  file: File;
  directory: string;
  /** As it is there, or is to be. */
  path: string;
  sent: number;
  phase: Phase;
  /** In phase `failed`. */
  why: string | null;
}

/** What a person dropped or chose, before they said yes. `folders`: how many of it were none. */
export interface Offer {
  tab: string;
  files: readonly File[];
  folders: number;
  directory: string;
}

/** Names tried for one that is to stand beside another. */
const MOST_NAMES = 100;

export class Uploads {
  readonly #items = signal<readonly Upload[]>([]);
  readonly #offered = signal<Offer | null>(null);
  /** The dialog that asks for the path of a file to fetch, and where it begins; null: none. */
  readonly asked = signal<string | null>(null);
  /** Bytes of a file that the server takes. */
  most = MAX_FILE;
  #last = 0;
  #stop: { id: number; controller: AbortController } | null = null;

  constructor(
    readonly api: Api,
    private readonly container: string,
  ) {}

  get items(): ReadonlySignal<readonly Upload[]> {
    return this.#items;
  }

  get offered(): ReadonlySignal<Offer | null> {
    return this.#offered;
  }

  offer(offer: Offer): void {
    if (offer.files.length + offer.folders > 0) this.#offered.value = offer;
  }

  decline(): void {
    this.#offered.value = null;
  }

  /** Sends what was offered, but for what is too large. */
  accept(directory: string): void {
    const offer = this.#offered.peek();
    if (offer === null) return;
    this.#offered.value = null;
    const added = offer.files
      .filter(({ size }) => size <= this.most)
      .map((file): Upload => {
        this.#last += 1;
        const path = within(directory, file.name);
        const rest = { sent: 0, phase: "waiting", why: null } as const;
        return { id: this.#last, tab: offer.tab, file, directory: clean(directory), path, ...rest };
      });
    this.#items.value = [...this.#items.peek(), ...added];
    void this.#next();
  }

  /** What to do about a name that is taken. */
  resolve(id: number, how: "replace" | "both" | "skip"): void {
    const item = this.#find(id);
    if (item?.phase !== "asking") return;
    if (how === "skip") this.dismiss(id);
    else void this.#send(item, how);
  }

  /** Ends it if it is under way, and takes it off the list. */
  dismiss(id: number): void {
    if (this.#stop?.id === id) this.#stop.controller.abort();
    this.#items.value = this.#items.peek().filter((item) => item.id !== id);
  }

  again(id: number): void {
    if (this.#find(id)?.phase !== "failed") return;
    this.#set(id, { phase: "waiting", sent: 0, why: null });
    void this.#next();
  }

  dispose(): void {
    this.#stop?.controller.abort();
    this.#items.value = [];
  }

  async #next(): Promise<void> {
    const item = this.#items.peek().find(({ phase }) => phase === "waiting");
    if (item !== undefined) await this.#send(item, "new");
  }

  async #send(item: Upload, how: "new" | "replace" | "both"): Promise<void> {
    if (this.#stop !== null) {
      // Another one is on its way: its turn comes. What was answered is not forgotten.
      this.#later.push(() => this.#send(item, how));
      return;
    }
    const controller = new AbortController();
    this.#stop = { id: item.id, controller };
    let [path, taken] = [item.path, 1];
    this.#set(item.id, { phase: "sending", sent: 0 });
    try {
      for (;;) {
        try {
          const answer = await this.api.putFile(this.container, path, item.file, {
            replace: how === "replace",
            signal: controller.signal,
            progress: (sent) => this.#set(item.id, { sent: Math.min(sent, item.file.size) }),
          });
          this.#set(item.id, { phase: "done", path: answer.path, sent: item.file.size });
          speak(t("files.done", { path: printable(answer.path) }));
          break;
        } catch (error) {
          const exists = error instanceof ApiError && error.code === "already-exists";
          if (!exists || how !== "both" || taken >= MOST_NAMES) throw error;
          taken += 1;
          path = within(item.directory, numbered(item.file.name, taken));
        }
      }
    } catch (error) {
      if (error instanceof ApiError && error.code === "already-exists" && how === "new") {
        this.#set(item.id, { phase: "asking" });
        speak(t("files.taken", { path: printable(path) }));
      } else if (!controller.signal.aborted) {
        // A directory that is not there is why, not the file that is to be.
        const missing = error instanceof ApiError && error.code === "not-found" ? item.directory : path;
        const why = refusedWords(error, missing);
        this.#set(item.id, { phase: "failed", why });
        speak(why);
      }
    } finally {
      this.#stop = null;
    }
    const answered = this.#later.shift();
    await (answered ? answered() : this.#next());
  }

  readonly #later: (() => Promise<void>)[] = [];

  #find(id: number): Upload | undefined {
    return this.#items.peek().find((item) => item.id === id);
  }

  #set(id: number, part: Partial<Upload>): void {
    this.#items.value = this.#items.peek().map((item) => (item.id === id ? { ...item, ...part } : item));
  }
}
