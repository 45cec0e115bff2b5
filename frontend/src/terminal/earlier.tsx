/** At the very top of what the screen holds: a button for what came before it, as long as the worker has that. */
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n/index";
import { Icon } from "../ui/icons";
import type { Parts } from "./tab";

/** Lines kept once a person asked for more: what 2 MiB of output usually has, at some 25 MB of memory. */
const LINES = 20_000;

export function Earlier({ parts: { session, screen } }: { parts: Parts }) {
  const [atTop, setAtTop] = useState(false);
  const { phase, earlier } = session.state.value;

  useEffect(() => {
    const term = screen.emulator;
    const look = () => {
      const { active } = term.buffer;
      setAtTop(active.type === "normal" && active.viewportY === 0 && active.baseY > 0);
    };
    const listeners = [term.onScroll(look), term.onRender(look)];
    look();
    return () => {
      for (const listener of listeners) listener.dispose();
    };
  }, [screen]);

  if (!atTop || earlier === 0 || phase !== "live") return null;
  const load = () => {
    const term = screen.emulator;
    const fromEnd = term.buffer.active.baseY - term.buffer.active.viewportY;
    term.options.scrollback = LINES;
    session.loadMore(() => term.scrollToLine(Math.max(0, term.buffer.active.baseY - fromEnd)));
    screen.focus();
  };
  return (
    <button type="button" class="button small terminal-earlier" title={t("terminal.earlier_more")} onClick={load}>
      <Icon name="retry" />
      {t("terminal.earlier")}
    </button>
  );
}
