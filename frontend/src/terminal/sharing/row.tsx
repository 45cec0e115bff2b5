/** One line of the banner over a terminal: a sign, a sentence, what can be done. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { Icon, type IconName } from "../../ui/icons";

interface Props {
  /** `types`: somebody else's keys reach the shell; `asks`: somebody waits for an answer; `warn`: something is in the way; `quiet`: all else. */
  tone: "types" | "asks" | "warn" | "quiet";
  icon: IconName;
  children: ComponentChildren;
  actions?: ComponentChildren;
}

export function Row({ tone, icon, children, actions }: Props) {
  return (
    <div class={`share-row ${tone}`}>
      <Icon name={icon} />
      <p class="share-words">{children}</p>
      {actions && <div class="share-actions">{actions}</div>}
    </div>
  );
}

const TYPING_MS = 2_000;

/** Whether somebody has typed just now. The clock it was told by is another machine's: what counts is that it moved. */
export function useTyping(typedAt: number | null): boolean {
  const [typing, setTyping] = useState(false);
  const before = useRef(typedAt);
  useEffect(() => {
    if (typedAt === before.current) return;
    before.current = typedAt;
    setTyping(true);
    const timer = setTimeout(() => setTyping(false), TYPING_MS);
    return () => clearTimeout(timer);
  }, [typedAt]);
  return typing;
}
