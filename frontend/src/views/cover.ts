/** What covers the page keeps the focus: nobody tabs to what lies hidden beneath. */
import { useEffect } from "preact/hooks";

const STOPS = "button, a[href], input, select, textarea, summary, [tabindex]";

/**
 * While `covering`, Tab goes round within the frame. Where the focus is put beneath on purpose, such as into the terminal
 * by "type it in the terminal", `leave` is called: what is wanted is there.
 */
export function useCover(frame: { current: HTMLElement | null }, covering: boolean, leave: () => void): void {
  useEffect(() => {
    if (!covering) return;
    let tabbed: "on" | "back" | null = null;
    const press = (event: KeyboardEvent): void => {
      tabbed = event.key !== "Tab" ? null : event.shiftKey ? "back" : "on";
    };
    const point = (): void => {
      tabbed = null;
    };
    const follow = (event: FocusEvent): void => {
      const element = frame.current;
      const target = event.target;
      if (!element || !(target instanceof Element) || element.contains(target) || target.closest("dialog[open]"))
        return;
      if (tabbed === null) {
        leave();
        return;
      }
      const stops = [...element.querySelectorAll<HTMLElement>(STOPS)].filter(isStop);
      (tabbed === "on" ? stops[0] : stops.at(-1))?.focus();
    };
    document.addEventListener("keydown", press, true);
    document.addEventListener("pointerdown", point, true);
    document.addEventListener("focusin", follow);
    return () => {
      document.removeEventListener("keydown", press, true);
      document.removeEventListener("pointerdown", point, true);
      document.removeEventListener("focusin", follow);
    };
  }, [frame, covering, leave]);
}

const isStop = (one: HTMLElement): boolean => one.tabIndex >= 0 && !one.matches(":disabled") && one.checkVisibility();
