/** What a panel is to the frame around it, and the one moment that all panels show together. */
import type { ComponentChildren } from "preact";
import type { Key } from "../i18n/index";
import type { Snapshot } from "../protocol/generated";
import type { Cursor, LiveEvent } from "../state/live";
import type { AllMarks } from "../state/marks";
import type { Rates } from "../state/rates";
import type { Sample } from "../state/samples";
import type { PanelName } from "./context";

/** One moment, now or past. A stopped container keeps what it last had: which snapshot that is differs by panel. */
export interface Scene {
  /** The moment itself. */
  snapshot: Snapshot;
  /** With processes, namespaces and walls: `snapshot`, or the last with PID 1 alive. */
  shown: Snapshot;
  /** With a cgroup, which outlives PID 1. */
  group: Snapshot;
  /** With files, which outlive both. */
  files: Snapshot;
  marks: AllMarks;
  /** The charts' samples, up to this moment. */
  points: readonly Sample[];
  /** What happened in the cgroup, up to this moment; with the worker's word in it where it told the same (`told`). */
  events: readonly LiveEvent[];
  /** What each process uses of the CPU. */
  rates: Rates;
  /** Host pid of the process whose terminal is in front. */
  shell: number | null;
  /** The container is stopped. */
  over: boolean;
  /** Whether it is now: what is asked for on demand tells of now, never of a past moment. */
  live: boolean;
  /** The moment that was chosen; null: it is now. */
  cursor: Cursor | null;
}

export interface PanelDescriptor {
  name: PanelName;
  title: Key;
  /** Open until a person folds it; the others are folded until a person opens them. */
  frequent?: boolean;
  /** The snapshot its figures are from; `shown` where it is not said. */
  from?(scene: Scene): Snapshot;
  /** What the summary counts: while it is the same object, the words are the same. Absent: they are made with each scene. */
  counts?(scene: Scene): unknown;
  /** One short line, there also when it is folded. */
  summary(scene: Scene): string;
  /**
   * All that its body is drawn from: while they are the same objects it is not drawn anew. Absent: with each scene. What
   * is left out here is not seen to change.
   */
  uses?(scene: Scene): readonly unknown[];
  /** Not called while it is folded. */
  render(scene: Scene): ComponentChildren;
}
