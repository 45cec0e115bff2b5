/** Figures that are drawn only when one of them changed. */
import { useComputed } from "@preact/signals";
import { useRef } from "preact/hooks";

/** The same length, and the same objects in the same places. */
export function sameParts(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((part, index) => part === b[index]);
}

/** A computed that stays the same object while its parts do: who reads it is drawn when one of them changed. */
export function useParts<T extends readonly unknown[]>(of: () => T): T {
  const last = useRef<T | null>(null);
  return useComputed((): T => {
    const next = of();
    if (last.current !== null && sameParts(last.current, next)) return last.current;
    last.current = next;
    return next;
  }).value;
}
