/** All panels' teachers. A new panel's is imported here. */
import "./cgroup";
import "./namespaces";
import "./processes";
import "./overlay";

export { type Lesson, lessonFor, type Teacher, teach } from "./registry";
