/** Paths inside a container. */
import { MarkKind } from "../../protocol/pty";
import type { Mark } from "../state";

/** Bytes of a file that goes in or out. The twin of runtime/protocol/terminals.py. */
export const MAX_FILE = 64 * 1024 * 1024;

/** Where a shell is that does not say where. */
const HOME = "/root";

/** The directory the shell told last (OSC 7), which is anybody's word; else root's home. */
export function directoryOf(marks: readonly Mark[]): string {
  const told = marks.findLast(({ kind }) => kind === MarkKind.CWD)?.body.text;
  return told != null && isPath(told) ? clean(told) : HOME;
}

/** An absolute path that can be shown and typed: no control character in it. */
export const isPath = (path: string): boolean => path.startsWith("/") && path.length <= 4096 && !hasControls(path);

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const hasControls = (text: string): boolean => /[\u0000-\u001f\u007f-\u009f]/.test(text);

/** `/srv//www/` → `/srv/www`. */
export const clean = (path: string): string => `/${path.split("/").filter(Boolean).join("/")}`;

export const within = (directory: string, name: string): string => clean(`${directory}/${name}`);

/** `notes.txt` → `notes-2.txt`: another name beside one that is taken. */
export function numbered(name: string, number: number): string {
  const dot = name.lastIndexOf(".");
  return dot > 0 ? `${name.slice(0, dot)}-${number}${name.slice(dot)}` : `${name}-${number}`;
}

/** As a shell reads it back. Null: it has characters that would do something when they are typed. */
export function typed(path: string): string | null {
  if (hasControls(path)) return null;
  return /^[\w@%+=:,./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
