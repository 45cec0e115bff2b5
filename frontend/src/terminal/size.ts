/** The last terminal's size on this machine: a shell born with it need not be resized before its first prompt. */
import { COLS, ROWS } from "../protocol/pty";
import { remembered } from "../ui/preferences";

export interface Size {
  cols: number;
  rows: number;
}

const within = (value: unknown, { min, max }: { min: number; max: number }): boolean =>
  Number.isInteger(value) && (value as number) >= min && (value as number) <= max;

export const lastSize = remembered<Size>("terminal.size", { cols: 80, rows: 24 }, (value): value is Size => {
  const size = value as Partial<Size> | null;
  return typeof size === "object" && size !== null && within(size.cols, COLS) && within(size.rows, ROWS);
});
