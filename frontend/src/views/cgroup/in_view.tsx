/** Draws what is in sight; what is scrolled away follows at leisure, a moment chosen at once, and is never seen stale. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useSurroundings } from "../context";

interface Props {
  class: string;
  children: ComponentChildren;
}

/** Who reads the page without scrolling it, as a screen reader does, gets figures no older than this. */
const UNSEEN_MS = 3_000;

export function InView({ class: name, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(true);
  const moment = useSurroundings().store?.cursor.value ?? null;
  const now = performance.now();
  const drawn = useRef({ children, moment, at: now });
  if (seen || moment !== drawn.current.moment || now - drawn.current.at >= UNSEEN_MS) {
    drawn.current = { children, moment, at: now };
  }
  useEffect(() => {
    if (box.current === null || typeof IntersectionObserver === "undefined") return;
    const watch = new IntersectionObserver(([entry]) => setSeen(entry?.isIntersecting ?? true), {
      rootMargin: "200px",
    });
    watch.observe(box.current);
    return () => watch.disconnect();
  }, []);
  return (
    <div class={name} ref={box}>
      {drawn.current.children}
    </div>
  );
}
