/** Figures as people read them, in no language. Bytes and plain numbers are in `i18n/format`. */

/** `0.42`: CPU in cores, 1.0 is one core. Two decimals: a hundredth of a core is 10 ms of CPU a second. */
export function cores(value: number): string {
  return value.toFixed(2);
}

/** `0.5`, `1.0`, `1.25`: a limit in cores, as people write it. */
export function coreLimit(value: number): string {
  return Number.isInteger(value) ? value.toFixed(1) : String(Number(value.toFixed(2)));
}

/** `15 %`. Never `100 %` when something is left, nor `0 %` when something is used. */
export function percent(part: number, whole: number): string {
  if (whole <= 0) return "0 %";
  const share = (100 * part) / whole;
  if (share > 0 && share < 0.1) return "< 0.1 %";
  if (share < 100 && share > 99.9) return "99.9 %";
  return `${share < 10 && share !== Math.round(share) ? share.toFixed(1) : Math.round(share)} %`;
}

/** `350 ms`, `1.2 s`, `3 min 4 s` from microseconds. */
export function usec(value: number): string {
  if (value < 1000) return `${Math.round(value)} µs`;
  if (value < 1e6) return `${Math.round(value / 1000)} ms`;
  if (value < 60e6) return `${(value / 1e6).toFixed(1)} s`;
  const seconds = Math.round(value / 1e6);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** `14:03:07` from seconds since the epoch, this machine's zone. */
export function clock(seconds: number): string {
  const at = new Date(seconds * 1000);
  const two = (n: number) => String(n).padStart(2, "0");
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `3f1c09ab24de`: what a person can compare of `sha256:3f1c…`. */
export function shortDigest(digest: string): string {
  const hex = digest.slice(digest.indexOf(":") + 1);
  return hex.length > 12 ? hex.slice(0, 12) : hex;
}

/**
 * Text a process or a file chose for itself, with nothing left that could act: controls, and the marks that turn the
 * direction of what follows, are written out.
 */
export function printable(text: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/g, (found) => {
    const code = found.charCodeAt(0);
    if (found === "\n") return "\\n";
    if (found === "\t") return "\\t";
    return code < 0x100 ? `\\x${code.toString(16).padStart(2, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
  });
}

/** A process as `ps` writes it: its command line, or its name in brackets where it has none. `brief`: no directory. */
export function commandLine(cmdline: readonly string[], comm: string, brief = false): string {
  const [first = "", ...rest] = cmdline;
  const program = brief && first.startsWith("/") ? first.slice(first.lastIndexOf("/") + 1) : first;
  const line = [program, ...rest].map(shellWord).join(" ").trim();
  return line === "" ? `[${printable(comm)}]` : line;
}

function shellWord(word: string): string {
  const shown = printable(word);
  return /[\s'"\\$`]/.test(word) && shown === word ? `'${word.replaceAll("'", "'\\''")}'` : shown;
}

/** The largest value of a chart whose figure has no limit: the next power of two, so that it moves seldom. */
export function niceTop(value: number, least: number): number {
  let top = least;
  while (top < value) top *= 2;
  return top;
}

const ORDINALS = new Intl.PluralRules("en", { type: "ordinal" });
const SUFFIXES: Partial<Record<Intl.LDMLPluralRule, string>> = { one: "st", two: "nd", few: "rd" };

/** `129th`, `101st`: English alone needs it. */
export function ordinal(count: number): string {
  return `${count.toLocaleString("en")}${SUFFIXES[ORDINALS.select(count)] ?? "th"}`;
}
