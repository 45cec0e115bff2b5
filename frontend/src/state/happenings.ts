/**
 * What happened to a container, each told once.
 *
 * The worker tells what the kernel told it. What the page can see by itself in two pictures (an OOM kill, a refused
 * fork, the end of PID 1) stands in for it where the worker is silent, and gives way when the worker has told it.
 */
import type { Event, Process } from "../protocol/generated";

/** A change of the figures worth a sentence. `at` is seconds since the epoch, the worker's clock. */
export type LiveEvent = { id: number; at: number } & (
  | {
      kind: "oom";
      kills: number;
      limit: number | null;
      peak: number | null;
      victims: readonly Process[];
      /** As the kernel told it, with what the victim held and whose limit it was; absent where the page saw it alone. */
      told?: Event;
    }
  | { kind: "refused-fork"; times: number; limit: number | null }
  | { kind: "exit"; code: number | null; signal: number | null; oom: boolean; reason: string | null }
);

/** `story`: the page's own, or the same in the form of `LiveEvent` for the kinds that have one. */
export interface Happening {
  id: string;
  at: number;
  event: Event;
  story: LiveEvent | null;
  /** The page saw it itself; the worker has not told it. */
  derived: boolean;
}

/** The timeline's lanes. */
export type Lane = "process" | "limit" | "file" | "wall";

const LANES: Record<Event["kind"], Lane> = {
  born: "process",
  exec: "process",
  died: "process",
  state: "process",
  more: "process",
  oom: "limit",
  "refused-fork": "limit",
  throttled: "limit",
  frozen: "limit",
  thawed: "limit",
  limits: "limit",
  created: "file",
  copied_up: "file",
  whiteout: "file",
  opaque: "file",
  renamed: "file",
  removed: "file",
  written: "file",
  namespace: "wall",
  mounted: "wall",
  unmounted: "wall",
};

export const laneOf = (event: Event): Lane => LANES[event.kind] ?? "wall";

/** How many are kept. */
const MOST_EVENTS = 2000;
const MOST_STORIES = 30;
/** How far apart, seconds, the worker's word and the page's own may be and still mean the same. */
const SAME_SECONDS = 4;

export class Happenings {
  /** In the order of their time. */
  list: readonly Happening[] = [];
  /** Those that changed the figures, for the panels. */
  stories: readonly LiveEvent[] = [];
  readonly #heard = new Set<number>();
  #ids = 0;

  /** The worker's; those heard before are passed over. Returns whether there was anything new. */
  hear(events: readonly Event[]): boolean {
    const fresh = events.filter((event) => !this.#heard.has(event.seq));
    if (fresh.length === 0) return false;
    let list = this.list;
    for (const event of fresh) {
      this.#heard.add(event.seq);
      if (REPEATED.has(event.kind) || isEnd(event)) list = list.filter((one) => !(one.derived && sameAs(one, event)));
    }
    const told = fresh.map((event): Happening => {
      return { id: `w${event.seq}`, at: event.at, event, story: this.#storyOf(event), derived: false };
    });
    this.#put(list, told);
    return true;
  }

  /** The page's own, but for those that the worker has told. */
  derive(stories: readonly LiveEvent[]): boolean {
    const fresh = stories.filter(
      (story) => !this.list.some((one) => !one.derived && sameAs({ at: story.at, event: eventOf(story) }, one.event)),
    );
    if (fresh.length === 0) return false;
    const told = fresh.map((story): Happening => {
      return { id: `p${story.id}`, at: story.at, event: eventOf(story), story, derived: true };
    });
    this.#put(this.list, told);
    return true;
  }

  nextId(): number {
    this.#ids += 1;
    return this.#ids;
  }

  clear(): void {
    this.list = [];
    this.stories = [];
    this.#heard.clear();
  }

  #put(before: readonly Happening[], fresh: readonly Happening[]): void {
    const last = before.at(-1);
    const all = [...before, ...fresh];
    const inOrder = fresh.every((one, index) => one.at >= (fresh[index - 1] ?? last ?? one).at);
    if (!inOrder) all.sort((a, b) => a.at - b.at);
    for (const one of all.slice(0, Math.max(0, all.length - MOST_EVENTS))) this.#heard.delete(one.event.seq);
    this.list = all.slice(-MOST_EVENTS);
    if (before.length !== this.list.length - fresh.length || fresh.some((one) => one.story !== null)) {
      const stories = this.list.flatMap((one) => (one.story ? [one.story] : [])).slice(-MOST_STORIES);
      const same = stories.length === this.stories.length && stories.every((one, at) => one === this.stories[at]);
      if (!same) this.stories = stories;
    }
  }

  #storyOf(event: Event): LiveEvent | null {
    const stamp = { id: this.nextId(), at: event.at };
    if (event.kind === "refused-fork") {
      return { ...stamp, kind: "refused-fork", times: event.count ?? 1, limit: event.limit ?? null };
    }
    if (event.kind !== "oom") return null;
    const victims: Process[] = event.pid == null ? [] : [victimOf(event, event.pid)];
    return {
      ...stamp,
      kind: "oom",
      kills: event.count ?? 1,
      limit: event.limit_bytes ?? null,
      peak: null,
      victims,
      told: event,
    };
  }
}

const REPEATED: ReadonlySet<Event["kind"]> = new Set(["oom", "refused-fork"]);

/** PID 1 ended, and the container with it. */
const isEnd = (event: Event): boolean =>
  (event.kind === "died" && event.ns_pid === 1) || (event.kind === "state" && /stopped|exit/.test(event.reason ?? ""));

function sameAs(one: { at: number; event: Event }, other: Event): boolean {
  if (Math.abs(one.at - other.at) > SAME_SECONDS) return false;
  return one.event.kind === other.kind || (isEnd(one.event) && isEnd(other));
}

function victimOf(event: Event, pid: number): Process {
  return {
    pid,
    ns_pids: event.ns_pid == null ? [pid] : [pid, event.ns_pid],
    ppid: event.ppid ?? 0,
    comm: event.comm ?? "?",
    cmdline: [],
    state: "X",
    starttime: 0,
    role: "",
  };
}

/** A story in the worker's form, so that lists and lanes know one form only. `seq` 0: nobody told it. */
function eventOf(story: LiveEvent): Event {
  const base = { seq: 0, at: story.at };
  switch (story.kind) {
    case "oom": {
      const victim = story.victims.length === 1 ? story.victims[0] : undefined;
      const who = victim ? { pid: victim.pid, ns_pid: victim.ns_pids.at(-1) ?? null, comm: victim.comm } : {};
      return { ...base, kind: "oom", ...who, count: story.kills, limit_bytes: story.limit };
    }
    case "refused-fork":
      return { ...base, kind: "refused-fork", count: story.times, limit: story.limit };
    case "exit":
      return { ...base, kind: "state", reason: "stopped", code: story.code, signal: story.signal };
  }
}

/** Processes that no sample saw: born and dead again between two. Newest last, of the `seconds` before `until`. */
export function brief(list: readonly Happening[], until: number, seconds: number): Event[] {
  const found: Event[] = [];
  for (let index = list.length - 1; index >= 0; index--) {
    const one = list[index];
    if (!one || one.at < until - seconds) break;
    if (one.at <= until && one.event.kind === "died" && one.event.short) found.push(one.event);
  }
  return found.reverse();
}
