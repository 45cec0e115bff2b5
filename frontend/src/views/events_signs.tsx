/** The sign of an event: the lane's shape, and a letter or sign of the kind in it. Never a colour alone. */
import { t } from "../i18n/index";
import type { Event } from "../protocol/generated";
import { type Lane, laneOf } from "../state/happenings";
import type { Thing } from "../state/link";
import type { PanelName } from "./context";

export type Kind = Event["kind"];

export const LANES: readonly Lane[] = ["process", "limit", "file", "wall"];

/** Every kind with its letter, in the order of lists; the files' are those of the layers panel. */
export const LETTERS: Readonly<Record<Kind, string>> = {
  born: "+",
  exec: "E",
  died: "−",
  state: "S",
  more: "…",
  oom: "!",
  "refused-fork": "F",
  throttled: "T",
  frozen: "Z",
  thawed: "W",
  limits: "L",
  created: "+",
  copied_up: "↑",
  whiteout: "×",
  opaque: "■",
  renamed: "→",
  removed: "−",
  written: "~",
  namespace: "N",
  mounted: "M",
  unmounted: "U",
};

export const KINDS = Object.keys(LETTERS) as Kind[];

/** Those that are told aloud, and stand out. */
export const IMPORTANT: ReadonlySet<Kind> = new Set<Kind>(["oom", "refused-fork", "frozen", "thawed", "state"]);

export function EventSign({ event }: { event: Event }) {
  return (
    <span class="ev-sign" data-lane={laneOf(event)} data-bad={event.kind === "oom" ? "true" : undefined}>
      <b aria-hidden="true">{LETTERS[event.kind]}</b>
      <span class="sr-only">{t(`kind.${event.kind}`)}: </span>
    </span>
  );
}

/** Where it can be seen: the panel, and the thing in it. */
export function placeOf(event: Event): { panel: PanelName; thing?: Thing } {
  const { kind } = event;
  // The matrix has a row for each kind; the number stands in the column of whoever is in it.
  if (kind === "namespace" && event.namespace) {
    return { panel: "namespaces", thing: `namespace:${event.namespace.split(":")[0] ?? ""}` };
  }
  if (kind === "mounted" || kind === "unmounted") return { panel: "mounts", thing: `mount:${event.path ?? ""}` };
  if (laneOf(event) === "file") return { panel: "overlay", thing: `file:${event.to ?? event.path ?? ""}` };
  if (kind === "refused-fork") return { panel: "cgroup", thing: "cgroup:pids" };
  if (kind === "throttled") return { panel: "cgroup", thing: "cgroup:cpu" };
  if (kind === "oom") return { panel: "cgroup", thing: "cgroup:memory" };
  if (kind === "frozen" || kind === "thawed" || kind === "limits") return { panel: "cgroup" };
  return event.pid == null ? { panel: "processes" } : { panel: "processes", thing: `process:${event.pid}` };
}
