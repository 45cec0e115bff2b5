/** Of a long list only the rows in sight are drawn: a box that scrolls, rows of one height. */
import type { RefObject } from "preact";
import { useCallback, useLayoutEffect, useState } from "preact/hooks";

/** Rows drawn beyond each edge, and the step by which the drawn stretch moves. */
const MARGIN = 4;
/** What is drawn before the box has been measured. */
const FIRST = 40;

export interface Drawn {
  from: number;
  /** Exclusive. */
  to: number;
  /** Scrolls so that the row can be seen; it is drawn by the next time effects run. */
  show(index: number): void;
  onScroll(): void;
}

/** `on` false: everything is drawn. `--row` of the box is its rows' height in px, `head` what stands above them. */
export function useWindow(box: RefObject<HTMLElement | null>, count: number, on: boolean, head: number): Drawn {
  const [from, setFrom] = useState(0);
  const [rows, setRows] = useState(FIRST);

  const look = useCallback((): void => {
    const element = box.current;
    if (!element || element.clientHeight === 0) return;
    const height = rowHeight(element);
    const first = Math.max(0, Math.floor((element.scrollTop - head) / height));
    setFrom(Math.max(0, (Math.floor(first / MARGIN) - 1) * MARGIN));
    setRows((Math.ceil(element.clientHeight / height / MARGIN) + 3) * MARGIN);
  }, [box, head]);

  useLayoutEffect(() => {
    const element = box.current;
    if (!on || !element) return;
    look();
    const observer = new ResizeObserver(look);
    observer.observe(element);
    return () => observer.disconnect();
  }, [box, on, look]);

  const show = useCallback(
    (index: number): void => {
      const element = box.current;
      if (!element) return;
      const height = rowHeight(element);
      const [top, bottom] = [index * height, (index + 1) * height + head];
      if (top < element.scrollTop) element.scrollTop = top;
      else if (bottom > element.scrollTop + element.clientHeight) element.scrollTop = bottom - element.clientHeight;
      look();
    },
    [box, head, look],
  );

  const start = Math.max(0, Math.min(from, count - rows));
  return on
    ? { from: start, to: Math.min(count, start + rows), show, onScroll: look }
    : { from: 0, to: count, show, onScroll: look };
}

function rowHeight(element: HTMLElement): number {
  return Number.parseFloat(getComputedStyle(element).getPropertyValue("--row")) || 34;
}
