/** What each process used of the CPU between two samples, as a share of one core. */
import type { Snapshot } from "../protocol/generated";
import { PASS, QUIET_AFTER } from "./samples";

/** Host pid → share of one core (1 = all of it). Those at rest are absent. */
export type Rates = ReadonlyMap<string, number>;
export const NO_RATES: Rates = new Map();

/**
 * `follows`: nothing went unheard between them, so a longer silence was a quiet one, and what was used was used in the
 * last pass. The same map as before where none used any. `touched`: the pids beyond which nothing changed, where known.
 */
export function rates(
  before: Snapshot,
  after: Snapshot,
  follows: boolean,
  old: Rates,
  touched?: readonly string[],
): Rates {
  const gap = after.monotonic - before.monotonic;
  if (before.boot_id !== after.boot_id || gap <= 0) return old.size === 0 ? old : NO_RATES;
  if (before.usage === after.usage) return old.size === 0 ? old : NO_RATES;
  const seconds = follows && gap >= QUIET_AFTER ? PASS : gap;
  const found = new Map<string, number>();
  const past = before.usage ?? {};
  for (const key of touched ?? Object.keys(after.usage ?? {})) {
    const [was, is] = [past[key], after.usage?.[key]];
    if (was === is || was === undefined || is === undefined) continue; // the same object: a patch did not touch it
    if (before.host.processes[key]?.starttime !== after.host.processes[key]?.starttime) continue;
    const used = (is.cpu_usec - was.cpu_usec) / 1e6;
    if (used > 0) found.set(key, used / seconds);
  }
  return found.size === 0 && old.size === 0 ? old : found;
}
