/** The row of panels' names at the top of the X-ray: each opens its panel and brings it into view. */
import { memo } from "preact/compat";
import { useRef, useState } from "preact/hooks";
import { t } from "../i18n/index";
import { type PanelName, useSurroundings } from "./context";
import type { Opened } from "./opened";
import type { PanelDescriptor } from "./scene";

/** One stop of the Tab key; the arrow keys go along it (the toolbar pattern of WAI-ARIA). */
export const Strip = memo(function Strip({ panels, opened }: { panels: readonly PanelDescriptor[]; opened: Opened }) {
  const { reveal } = useSurroundings();
  const [stop, setStop] = useState<PanelName>(panels[0]?.name ?? "processes");
  const bar = useRef<HTMLDivElement>(null);

  const keys = (event: KeyboardEvent): void => {
    // Where the focus is, not what was last drawn: keys come faster than that.
    const here = (event.target as HTMLElement).dataset.name ?? stop;
    const at = panels.findIndex((panel) => panel.name === here);
    const last = panels.length - 1;
    const to = { ArrowRight: at + 1, ArrowLeft: at - 1 + panels.length, Home: 0, End: last }[event.key];
    const next = to === undefined ? undefined : panels[to % panels.length];
    if (!next) return;
    event.preventDefault();
    setStop(next.name);
    bar.current?.querySelector<HTMLElement>(`[data-name="${next.name}"]`)?.focus();
  };

  return (
    <div class="strip" role="toolbar" aria-label={t("time.panels")} ref={bar} onKeyDown={keys}>
      {panels.map((panel) => (
        <button
          key={panel.name}
          type="button"
          class="strip-tab"
          data-name={panel.name}
          data-open={opened.is(panel.name, panel.frequent ?? false) ? "true" : undefined}
          tabIndex={panel.name === stop ? 0 : -1}
          onFocus={() => setStop(panel.name)}
          onClick={() => {
            reveal(panel.name);
            document
              .getElementById(`panel-${panel.name}-title`)
              ?.querySelector("button")
              ?.focus({ preventScroll: true });
          }}
        >
          {t(panel.title)}
        </button>
      ))}
    </div>
  );
});
