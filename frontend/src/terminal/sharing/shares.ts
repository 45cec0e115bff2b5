/** The links to one container's terminals: which are valid, making another, ending one. No markup. */
import { type ReadonlySignal, signal } from "@preact/signals";
import type { Key } from "../../i18n/index";
import type { Api } from "../../protocol/api";
import type { Share } from "../../protocol/rest";
import { type Failure, failure } from "../../ui/failure";

export type Trouble = Failure & { again: () => void };

export class Shares {
  readonly #list = signal<readonly Share[] | null>(null);
  readonly #making = signal(false);
  readonly #stopping = signal<ReadonlySet<string>>(new Set());
  readonly #failure = signal<Trouble | null>(null);

  #changes = 0;

  constructor(
    private readonly api: Pick<Api, "shares" | "share" | "endShare">,
    private readonly container: string,
  ) {}

  /** Newest first; null until they were listed. */
  get list(): ReadonlySignal<readonly Share[] | null> {
    return this.#list;
  }

  get making(): ReadonlySignal<boolean> {
    return this.#making;
  }

  /** Ids of those that are being ended. */
  get stopping(): ReadonlySignal<ReadonlySet<string>> {
    return this.#stopping;
  }

  get failure(): ReadonlySignal<Trouble | null> {
    return this.#failure;
  }

  dismiss(): void {
    this.#failure.value = null;
  }

  async refresh(): Promise<void> {
    await this.#try("share.failed_list", async () => {
      let asked: number;
      let list: readonly Share[];
      do {
        asked = this.#changes;
        list = await this.api.shares(this.container);
      } while (asked !== this.#changes); // made or ended meanwhile: this may be the list of before
      this.#list.value = list;
    });
  }

  /** The new one; null where it was not made, or another is being made. */
  async make(terminal: string, hours: number): Promise<Share | null> {
    if (this.#making.peek()) return null;
    let made: Share | null = null;
    this.#making.value = true;
    await this.#try("share.failed_create", async () => {
      const share = await this.api.share(this.container, terminal, hours);
      this.#changes += 1;
      this.#list.value = [share, ...(this.#list.peek() ?? []).filter((other) => other.id !== share.id)];
      made = share;
    });
    this.#making.value = false;
    return made;
  }

  /** True when nobody can watch by it any more. */
  async stop(id: string): Promise<boolean> {
    if (this.#stopping.peek().has(id)) return false;
    let done = false;
    this.#stopping.value = new Set([...this.#stopping.peek(), id]);
    await this.#try("share.failed_stop", async () => {
      await this.api.endShare(this.container, id);
      this.#changes += 1;
      this.#list.value = this.#list.peek()?.filter((share) => share.id !== id) ?? null;
      done = true;
    });
    this.#stopping.value = new Set([...this.#stopping.peek()].filter((other) => other !== id));
    return done;
  }

  /** Those whose time has not come yet; the list itself may be a while old. */
  valid(now: Date): readonly Share[] | null {
    return this.#list.value?.filter((share) => new Date(share.expires_at) > now) ?? null;
  }

  async #try(doing: Key, action: () => Promise<void>): Promise<void> {
    this.#failure.value = null;
    try {
      await action();
    } catch (error) {
      this.#failure.value = { ...failure(error, doing), again: () => void this.#try(doing, action) };
    }
  }
}
