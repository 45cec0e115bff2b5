/**
 * What "show me" says of a figure beside its bytes: a sentence in plain words, the formula, the line that holds it.
 *
 * A panel's teacher is asked with the question and the last snapshot. Each panel brings its own, in its own file here.
 */
import type { Snapshot } from "../../protocol/generated";
import type { PanelName, Question } from "../context";

export interface Lesson {
  /** One sentence, with the figure as it is now where that is cheap to tell. */
  words: string;
  /** How a figure that no file holds is worked out, in the kernel's names. */
  formula?: string | undefined;
  /** Lines of the file that hold the figure: they are marked. */
  line?: RegExp | undefined;
  /** What the same is called in either version of cgroups, and which of them this host has. */
  names?: { v1: string; v2: string; here: "v1" | "v2" } | undefined;
}

export type Teacher = (question: Question, snapshot: Snapshot | null) => Lesson | null;

const teachers = new Map<PanelName, Teacher[]>();

/** Adds a teacher to a panel; of several the first that knows an answer is heard. */
export function teach(panel: PanelName, teacher: Teacher): void {
  teachers.set(panel, [...(teachers.get(panel) ?? []), teacher]);
}

export function lessonFor(question: Question, snapshot: Snapshot | null): Lesson | null {
  for (const teacher of teachers.get(question.panel) ?? []) {
    const lesson = teacher(question, snapshot);
    if (lesson !== null) return lesson;
  }
  return null;
}
