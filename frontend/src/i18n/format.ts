/** Figures as people read them: binary units, cores, ages. Pair them with a `title` that has the exact value. */
import { locale, t } from "./index";

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"] as const;

/** `1536` → `1.5 KiB`. Three digits at most, so that a column of them keeps its width. */
export function bytes(value: number): string {
  let scaled = value;
  let unit = 0;
  while (Math.abs(scaled) >= 1024 && unit < UNITS.length - 1) {
    scaled /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || scaled >= 100 || Number.isInteger(scaled) ? 0 : scaled >= 10 ? 1 : 2;
  return `${number(Number(scaled.toFixed(digits)))} ${UNITS[unit]}`;
}

/** `4096` → `4,096 bytes`, for titles. */
export const exactBytes = (value: number): string => t("format.bytes", { value: number(value) });

export const number = (value: number, options?: Intl.NumberFormatOptions): string =>
  options === undefined
    ? plain().format(value)
    : new Intl.NumberFormat(locale(), { maximumFractionDigits: 2, ...options }).format(value);

/** Making one takes longer than all else that a panel does with a figure. */
let made: { locale: string; format: Intl.NumberFormat } | null = null;

function plain(): Intl.NumberFormat {
  if (made?.locale !== locale()) {
    made = { locale: locale(), format: new Intl.NumberFormat(locale(), { maximumFractionDigits: 2 }) };
  }
  return made.format;
}

/** How long ago, in the coarsest unit that fits: `3 minutes ago`. */
export function ago(then: Date, now: Date = new Date()): string {
  const seconds = Math.round((then.getTime() - now.getTime()) / 1000);
  const format = new Intl.RelativeTimeFormat(locale(), { numeric: "auto" });
  if (Math.abs(seconds) < 45) return t("format.just_now");
  for (const [unit, size] of [
    ["day", 86_400],
    ["hour", 3_600],
    ["minute", 60],
  ] as const) {
    if (Math.abs(seconds) >= size || unit === "minute") return format.format(Math.round(seconds / size), unit);
  }
  return "";
}

/** Date and time to the second, for titles. */
export const dateTime = (when: Date): string =>
  new Intl.DateTimeFormat(locale(), { dateStyle: "medium", timeStyle: "medium" }).format(when);
