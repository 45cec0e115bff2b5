/** What happened, in a sentence each, in the page's language. */
import { bytes, number } from "../i18n/format";
import { type Key, t, tn } from "../i18n/index";
import { signalName } from "../i18n/signals";
import type { Event, Exit } from "../protocol/generated";
import { clock, coreLimit, printable, usec } from "../state/format";
import type { Happening, LiveEvent } from "../state/happenings";

/** The sentence for one that the worker told, or that the page saw itself. */
export function sentence({ event, story, derived }: Happening): string {
  if (derived && story?.kind === "exit") return exitSentence(story);
  if (derived && story?.kind === "oom") return oomSentence(story);
  return eventWords(event);
}

/** The same for what changed the figures; the worker's word where it told it. */
export function storySentence(story: LiveEvent): string {
  switch (story.kind) {
    case "oom":
      return story.told ? eventWords(story.told) : oomSentence(story);
    case "refused-fork":
      return tn("event.refused", story.times);
    case "exit":
      return exitSentence(story);
  }
}

export function exitSentence(exit: Exit | null): string {
  if (!exit) return t("stopped.unknown");
  const at = clock(exit.at);
  if (exit.oom) return t("stopped.oom", { at });
  if (exit.signal != null) return t("stopped.signal", { at, signal: signalName(exit.signal) });
  if (exit.code != null) return t("stopped.code", { at, code: exit.code });
  return t("stopped.reason", { at, reason: exit.reason ?? "?" });
}

function oomSentence(story: Extract<LiveEvent, { kind: "oom" }>): string {
  const limit = story.limit === null ? t("cg.its_limit") : bytes(story.limit);
  const victim = story.victims.length === 1 ? story.victims[0] : undefined;
  if (victim)
    return t("cg.oom_story_of", { limit, command: victim.comm, pid: victim.pid, inner: victim.ns_pids.at(-1) ?? "?" });
  return tn("cg.oom_story", story.kills, { limit });
}

/** In Chinese no space follows a full-width bracket. */
export const eventWords = (event: Event): string => inWords(event).replaceAll("） ", "）");

function inWords(event: Event): string {
  const path = printable(event.path ?? "?");
  switch (event.kind) {
    case "born":
      return t("event.born", { who: who(event) });
    case "exec":
      return t("event.exec", { who: who(event) });
    case "died":
      return ended(event);
    case "namespace":
      return namespace(event);
    case "oom":
      return outOfMemory(event);
    case "refused-fork":
      return tn("event.refused", event.count ?? 1);
    case "throttled":
      return tn("event.throttled", event.count ?? 1);
    case "created":
      return t(event.type === "dir" ? "event.created_dir" : "event.created", { path });
    case "copied_up":
      return t("event.copied_up", { path });
    case "whiteout":
      return t("event.whiteout", { path });
    case "opaque":
      return t("event.opaque", { path });
    case "renamed":
      return t("event.renamed", { path, to: printable(event.to ?? "?") });
    case "removed":
      return t("event.removed", { path });
    case "written":
      return event.bytes == null
        ? t("event.written", { path })
        : t("event.written_bytes", { path, bytes: bytes(event.bytes) });
    case "mounted":
      return t("event.mounted", { path, type: printable(event.type ?? "?") });
    case "unmounted":
      return t("event.unmounted", { path });
    case "frozen":
      return t("event.frozen");
    case "thawed":
      return t("event.thawed");
    case "limits":
      return t("event.limits", { reason: limits(event.reason ?? "?") });
    case "state":
      return t("event.state", { reason: state(event.reason ?? "?") });
    case "more":
      return tn("event.more", event.count ?? 1);
  }
}

const LIMITS: Record<string, readonly [Key, (value: number) => string]> = {
  memory: ["event.limit_memory", bytes],
  cpus: ["event.limit_cpus", coreLimit],
  pids: ["event.limit_pids", (value) => number(value)],
  disk: ["event.limit_disk", bytes],
};

/** `memory 67108864 → 134217728, cpus 0.5 → 1`, as people read it. */
function limits(reason: string): string {
  const parts = reason.split(", ").map((part) => {
    const [, name = "", from, to] = /^(\w+) ([\d.]+) → ([\d.]+)$/.exec(part) ?? [];
    const [word, show] = LIMITS[name] ?? [];
    return word && show ? `${t(word)} ${show(Number(from))} → ${show(Number(to))}` : printable(part);
  });
  return parts.join(t("event.and"));
}

/** A process by its name and both its numbers. */
export function who({ comm, pid, ns_pid }: Event): string {
  if (pid == null) return comm == null ? t("event.someone") : printable(comm);
  const command = comm == null ? t("event.someone") : printable(comm);
  if (ns_pid == null) return t("event.who_outside", { command, outer: pid });
  return t("event.who", { command, inner: ns_pid, outer: pid });
}

function ended(event: Event): string {
  const how =
    event.signal != null
      ? t("event.died_signal", { who: who(event), signal: signalName(event.signal) })
      : event.code != null
        ? t("event.died_code", { who: who(event), code: event.code })
        : t("event.died", { who: who(event) });
  if (event.seconds == null) return how;
  return joined(how, t(event.short ? "event.lived_short" : "event.lived", { time: lifetime(event.seconds) }));
}

export const lifetime = (seconds: number): string => usec(Math.max(1, Math.round(seconds * 1e6)));

function namespace(event: Event): string {
  const id = event.namespace ?? "?";
  const params = { who: who(event), kind: id.split(":")[0] ?? "?", namespace: id };
  return event.was ? t("event.namespace", { ...params, was: event.was }) : t("event.namespace_new", params);
}

function outOfMemory(event: Event): string {
  const parts = [t("event.oom", { who: who(event) })];
  if (event.bytes != null) parts.push(t("event.oom_held", { bytes: bytes(event.bytes) }));
  if (event.limit_bytes != null) {
    const limit = bytes(event.limit_bytes);
    const at = event.limit_at ? inTree(event.limit_at) : null;
    parts.push(at ? t("event.oom_at", { limit, at }) : t("event.oom_limit", { limit }));
  }
  return joined(...parts);
}

/** A cgroup's path in its tree, without where this host mounts that. */
const inTree = (path: string): string => path.replace(/^\/sys\/fs\/cgroup(\/(memory|unified)(?=\/))?(?=\/)/, "");

const STATES = { running: "state.running", stopped: "state.stopped", created: "state.created" } as const;

function state(reason: string): string {
  const key = STATES[reason as keyof typeof STATES];
  return key ? t(key) : printable(reason);
}

/** Chinese sentences end in a full-width stop, with no space after it. */
const joined = (...sentences: string[]): string => sentences.join(" ").replace(/。 /g, "。");
