/** All panels' teachers. A new panel's is imported here. */
import "./cgroup";
import "./namespaces";
import "./processes";
import "./overlay";
import "./walls";

export { type Lesson, lessonFor, type Teacher, teach } from "./registry";
