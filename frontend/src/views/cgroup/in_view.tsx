/** Draws what is in sight; what is scrolled away stays as it was last drawn, and catches up before it is seen again. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";

interface Props {
  class: string;
  children: ComponentChildren;
}

export function InView({ class: name, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(true);
  const kept = useRef(children);
  if (seen) kept.current = children;
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
      {kept.current}
    </div>
  );
}
