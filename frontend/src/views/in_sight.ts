/** Whether a part of the page is in the window, or about to be: what is not is drawn at leisure. */
import { type ReadonlySignal, useSignal } from "@preact/signals";
import { useEffect } from "preact/hooks";

/** Who reads the page without scrolling it, as a screen reader does, gets what changed no later than this. */
export const UNSEEN_CHANGE_MS = 3_000;

/** `margin`: how far outside of the window it already counts as seen, in px. */
export function useInSight(frame: { current: HTMLElement | null }, margin: number): ReadonlySignal<boolean> {
  const inSight = useSignal(true);
  useEffect(() => {
    const element = frame.current;
    if (!element || typeof IntersectionObserver === "undefined") return;
    const see = (entries: readonly IntersectionObserverEntry[]): void => {
      inSight.value = entries.at(-1)?.isIntersecting ?? true;
    };
    const observer = new IntersectionObserver(see, { rootMargin: `${margin}px` });
    observer.observe(element);
    return () => observer.disconnect();
  }, [frame, inSight, margin]);
  return inSight;
}
