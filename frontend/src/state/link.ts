/**
 * The linked highlight: what is pointed at on one side lights up on the other, at once.
 *
 * A thing is named the same on both sides. Views write its name into `data-thing` and bind `data-hot` to `hot(thing)`;
 * the listeners sit once at the root, so a row costs nothing and no view draws itself anew to light up.
 */
import { computed, type ReadonlySignal, signal } from "@preact/signals";

/**
 * `process:<host pid>`, `namespace:<kind>`, or its id where it is no longer PID 1's own (`namespace:net:[4026532000]`),
 * `cgroup:<controller>`, `file:<path inside>`, `layer:<digest or dir>`, `mount:<mount point inside>`,
 * `device:<name below /dev>`, `identity:<what>`, `network:<interface>`.
 */
export type Thing = `${Kind}:${string}`;
type Kind = "process" | "namespace" | "cgroup" | "file" | "layer" | "mount" | "device" | "identity" | "network";

export class Link {
  readonly #pointed = signal<Thing | null>(null);
  readonly #focused = signal<Thing | null>(null);
  readonly #pinned = signal<Thing | null>(null);

  /** What is lit: pointed at, else held by a tap or click, else in keyboard focus. */
  readonly current: ReadonlySignal<Thing | null> = computed(
    () => this.#pointed.value ?? this.#pinned.value ?? this.#focused.value,
  );

  /** What a tap, a click or a link from elsewhere holds: a wish to know more of it. */
  get held(): ReadonlySignal<Thing | null> {
    return this.#pinned;
  }

  point(thing: Thing | null): void {
    this.#pointed.value = thing;
  }

  focus(thing: Thing | null): void {
    this.#focused.value = thing;
  }

  /** A tap holds the highlight, a second tap on the same thing lets go. */
  pin(thing: Thing | null): void {
    this.#pinned.value = thing !== null && this.#pinned.peek() === thing ? null : thing;
  }

  /** As a tap does, but a second time on the same thing holds it still. */
  hold(thing: Thing | null): void {
    this.#pinned.value = thing;
  }

  /** `"true"` while the thing is lit, else nothing: to be bound to an attribute. */
  hot(thing: Thing): ReadonlySignal<"true" | undefined> {
    return computed(() => (this.current.value === thing ? "true" : undefined));
  }
}

export function kindOf(thing: Thing): string {
  return thing.slice(0, thing.indexOf(":"));
}

export function nameOf(thing: Thing): string {
  return thing.slice(thing.indexOf(":") + 1);
}
