/** What the paths that a runtime covers or makes read-only would show or change (`maskedPaths`, `readonlyPaths`). */
import { t } from "../../i18n/index";

const KNOWN = [
  "acpi",
  "asound",
  "interrupts",
  "kcore",
  "keys",
  "latency_stats",
  "sched_debug",
  "scsi",
  "timer_list",
  "timer_stats",
  "firmware",
  "powercap",
  "thermal_throttle",
  "bus",
  "fs",
  "irq",
  "sys",
  "sysrq-trigger",
] as const;

/** Null for a path this page has no words for. */
export function wouldShow(path: string): string | null {
  if (!/^\/(?:proc|sys)\//.test(path)) return null;
  const name = KNOWN.find((one) => path.endsWith(`/${one}`));
  return name === undefined ? null : t(`hide.${name}`);
}
