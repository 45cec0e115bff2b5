/** What is said while the connection is away: over the screen, so that the screen keeps its size; nothing on a blip. */
import { useEffect, useState } from "preact/hooks";
import { t, tn } from "../i18n/index";
import { Act } from "./below";
import type { Session } from "./session";

const BLIP_MS = 1_000;

export function Away({ session }: { session: Session }) {
  const { phase, waiting } = session.state.value;
  const [long, setLong] = useState(false);
  const away = phase === "reconnecting";

  useEffect(() => {
    if (!away) return;
    const timer = setTimeout(() => setLong(true), BLIP_MS);
    return () => {
      clearTimeout(timer);
      setLong(false);
    };
  }, [away]);

  if (!away || !long) return null;
  return (
    <div class="terminal-away" role="status">
      <p>{waiting > 0 ? tn("terminal.kept", waiting) : t("terminal.reconnecting")}</p>
      <Act label={t("terminal.now")} onClick={() => session.retry()} />
    </div>
  );
}
