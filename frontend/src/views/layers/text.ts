/** Texts and names out of a container, made safe to look at. All of them are anybody's. */
import type { Device, Entry } from "../../protocol/generated";
import { printable } from "../../state/format";

/** A text with its lines and tabs kept, and all else that cannot be seen, or turns what can, written out. */
export const visible = (text: string): string =>
  text
    .split(/([\n\t])/)
    .map((part) => (part === "\n" || part === "\t" ? part : printable(part)))
    .join("");

const LETTERS: Record<Entry["type"] | Device["type"], string> = {
  file: "-",
  dir: "d",
  symlink: "l",
  device: "c",
  char: "c",
  block: "b",
  fifo: "p",
  socket: "s",
};

/** `drwxr-xr-t`, as ls(1) writes it. */
export function modeWord(type: keyof typeof LETTERS, mode: number): string {
  let word = LETTERS[type];
  for (const [shift, special, letter] of [
    [6, 0o4000, "s"],
    [3, 0o2000, "s"],
    [0, 0o1000, "t"],
  ] as const) {
    const bits = mode >> shift;
    word += bits & 4 ? "r" : "-";
    word += bits & 2 ? "w" : "-";
    const runs = (bits & 1) !== 0;
    word += mode & special ? (runs ? letter : letter.toUpperCase()) : runs ? "x" : "-";
  }
  return word;
}

/** `0644`. */
export const octal = (mode: number): string => (mode & 0o7777).toString(8).padStart(4, "0");

/** The way from the root: `/etc/ssl` → `["etc", "ssl"]`. */
export const steps = (path: string): string[] => path.split("/").filter((step) => step !== "");

export const parentOf = (path: string): string => `/${steps(path).slice(0, -1).join("/")}`;

export const join = (directory: string, name: string): string =>
  directory === "/" ? `/${name}` : `${directory}/${name}`;

/** Where a symbolic link in `directory` leads, by its letters alone: `.` and `..` taken out. */
export function follow(directory: string, target: string): string {
  const way = target.startsWith("/") ? [] : steps(directory);
  for (const step of steps(target)) {
    if (step === "..") way.pop();
    else if (step !== ".") way.push(step);
  }
  return `/${way.join("/")}`;
}
