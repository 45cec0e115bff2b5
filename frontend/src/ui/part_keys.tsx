/** Ctrl+F6 goes from one part of the page to the next, with Shift to the one before: a terminal keeps all other keys. */
import { useEffect } from "preact/hooks";

/** `parts`: selectors of what gets the focus, in the order of the walk; what is not there or not seen is passed by. */
export function PartKeys({ parts }: { parts: readonly string[] }) {
  useEffect(() => {
    const next = (event: KeyboardEvent) => {
      if (!event.ctrlKey || event.key !== "F6") return;
      const places = parts
        .flatMap((selector) => [...document.querySelectorAll<HTMLElement>(selector)])
        .filter((place) => place.offsetParent !== null);
      const at = places.findIndex(
        (place) => place === document.activeElement || place.contains(document.activeElement),
      );
      const step = event.shiftKey ? -1 : 1;
      places[(at + step + places.length) % places.length]?.focus();
      event.preventDefault();
    };
    document.addEventListener("keydown", next);
    return () => document.removeEventListener("keydown", next);
  }, [parts]);
  return null;
}
