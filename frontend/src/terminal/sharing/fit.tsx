/** A watched terminal has the size of who types: here it may be too large. All of it, smaller; or a part, to be scrolled. */
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/index";

/** Text smaller than this, beside its usual size, is only shown when asked for. */
const LEGIBLE = 0.7;
const SMALLEST = 0.2;

interface Size {
  width: number;
  height: number;
}

/** How much of its size it may have to be seen whole; 1 where it fits. Sizes in CSS pixels, `whole` unscaled. */
export function scaleOf(whole: Size, place: Size): number {
  if (!(whole.width > 0 && whole.height > 0 && place.width > 0 && place.height > 0)) return 1;
  const scale = Math.min(place.width / whole.width, place.height / whole.height);
  return scale >= 1 ? 1 : Math.max(SMALLEST, scale);
}

/** `element`: the screen, in a place that scrolls. Draws a button while there is something to choose. */
export function Fit({ element }: { element: HTMLElement }) {
  const [scale, setScale] = useState(1);
  const [chosen, setChosen] = useState<boolean | null>(null);
  const whole = chosen ?? scale >= LEGIBLE;

  useEffect(() => {
    const place = element.parentElement;
    if (place === null) return;
    const measure = () => {
      const zoom = Number(element.style.zoom || 1);
      const { width, height } = element.getBoundingClientRect();
      const style = getComputedStyle(place);
      const across = Number.parseFloat(style.paddingLeft) + Number.parseFloat(style.paddingRight);
      const down = Number.parseFloat(style.paddingTop) + Number.parseFloat(style.paddingBottom);
      setScale(
        scaleOf(
          { width: width / zoom, height: height / zoom },
          { width: place.clientWidth - across, height: place.clientHeight - down },
        ),
      );
    };
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    observer.observe(place);
    return () => observer.disconnect();
  }, [element]);

  useEffect(() => {
    element.style.zoom = whole && scale < 1 ? String(scale) : "";
    return () => {
      element.style.zoom = "";
    };
  }, [element, whole, scale]);

  if (scale === 1) return null;
  return (
    <button type="button" class="button small" aria-pressed={whole} onClick={() => setChosen(!whole)}>
      {t("guest.fit")}
    </button>
  );
}
