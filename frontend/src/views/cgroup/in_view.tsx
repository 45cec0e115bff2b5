/** Draws what is in sight; what is scrolled away follows at leisure, a moment chosen at once, and is never seen stale. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { useSurroundings } from "../context";
import { UNSEEN_CHANGE_MS, useInSight } from "../in_sight";

interface Props {
  class: string;
  children: ComponentChildren;
}

export function InView({ class: name, children }: Props) {
  const box = useRef<HTMLDivElement>(null);
  const seen = useInSight(box, 200).value;
  const moment = useSurroundings().store?.cursor.value ?? null;
  const now = performance.now();
  const drawn = useRef({ children, moment, at: now });
  if (seen || moment !== drawn.current.moment || now - drawn.current.at >= UNSEEN_CHANGE_MS) {
    drawn.current = { children, moment, at: now };
  }
  return (
    <div class={name} ref={box}>
      {drawn.current.children}
    </div>
  );
}
