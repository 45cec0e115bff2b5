/** The files of one layer, or of all merged: a directory's entries or a file's content, read when it is asked for. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { t } from "../../i18n/index";
import type { FileView, Overlay } from "../../protocol/generated";
import { printable } from "../../state/format";
import { useSurroundings } from "../context";
import { layerWords } from "../reason";
import { Content } from "./content";
import { type Answer, useInquiry } from "./inquiry";
import { Listing } from "./listing";
import { refusalWords } from "./refusal";
import { parentOf, steps } from "./text";

export interface Place {
  /** `merged`, `upper`, or a lower's index from the top. */
  layer: string;
  path: string;
}

interface Props {
  overlay: Overlay;
  live: boolean;
  /** Where a person wants to be; null before they ever asked. */
  place: Place | null;
  onPlace(place: Place): void;
}

const START: Place = { layer: "merged", path: "/" };

export function Files({ overlay, live, place, onPlace }: Props) {
  const { calls } = useSurroundings();
  const [open, setOpen] = useState(false);
  const [answer, inquire] = useInquiry<FileView>();
  const frame = useRef<HTMLDetailsElement>(null);
  /** The name to stand on when the answer comes: where the keys led. Null: nobody waits with the keyboard. */
  const stand = useRef<string | null>(null);
  const { layer, path } = place ?? START;

  const read = useCallback(() => {
    if (calls) void inquire(() => calls.file(path, layer));
  }, [calls, inquire, path, layer]);

  // Asked for from elsewhere: open, and there it is.
  useEffect(() => {
    if (place === null) return;
    setOpen(true);
    frame.current?.scrollIntoView?.({ block: "nearest" });
  }, [place]);

  useEffect(() => {
    if (open) read();
  }, [open, read]);

  const go = useCallback(
    (to: string, from: string | null) => {
      stand.current = from;
      onPlace({ layer, path: to });
    },
    [layer, onPlace],
  );

  const up = (): void => {
    if (path !== "/") go(parentOf(path), steps(path).at(-1) ?? "");
  };

  return (
    <details class="panel-more fv" ref={frame} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("fv.title")}</summary>
      <p class="note">{t("fv.words")}</p>
      {calls === null ? (
        <p class="note">{t("look.not_here")}</p>
      ) : (
        open && (
          // biome-ignore lint/a11y/noStaticElementInteractions: one key for all that is in here, wherever the focus is
          <div
            onKeyDown={(event) => {
              if (event.key !== "Backspace" || path === "/") return;
              event.preventDefault();
              up();
            }}
          >
            <Layers overlay={overlay} layer={layer} onLayer={(next) => onPlace({ layer: next, path })} />
            <div class="fv-bar">
              <Crumbs path={path} onGo={(to) => go(to, null)} />
              <button type="button" class="mini" onClick={read}>
                {t("fv.again")}
              </button>
            </div>
            <Shown answer={answer} place={{ layer, path }} stand={stand} onGo={go} onUp={up} again={read} />
            {!live && <p class="note">{t("look.now")}</p>}
          </div>
        )
      )}
    </details>
  );
}

function Layers({ overlay, layer, onLayer }: { overlay: Overlay; layer: string; onLayer(layer: string): void }) {
  const all = ["merged", "upper", ...overlay.lowerdir.map((_, index) => String(index))];
  return (
    <fieldset class="fv-layers">
      <legend class="sr-only">{t("fv.layer")}</legend>
      {all.map((one) => {
        const title = /^\d+$/.test(one) ? layerWords(overlay.layers[Number(one)]?.title ?? "") : "";
        const name =
          one === "merged"
            ? t("fv.merged")
            : one === "upper"
              ? t("fv.upper")
              : t("fv.lower", { number: Number(one) + 1 });
        return (
          <label key={one} class={title === "" ? "world-container" : "world-host"} title={title}>
            <input type="radio" name="fv-layer" checked={one === layer} onChange={() => onLayer(one)} />
            <span class="mono">{name}</span>
          </label>
        );
      })}
    </fieldset>
  );
}

function Crumbs({ path, onGo }: { path: string; onGo(path: string): void }) {
  const way = steps(path);
  const last = way.length - 1;
  return (
    <nav class="fv-crumbs mono" aria-label={t("fv.path")}>
      <button type="button" class="crumb" aria-label={t("fv.root")} onClick={() => onGo("/")}>
        /
      </button>
      {way.map((step, index) => {
        const to = `/${way.slice(0, index + 1).join("/")}`;
        return (
          <span key={to}>
            <button
              type="button"
              class="crumb"
              aria-current={index === last ? "location" : undefined}
              onClick={() => onGo(to)}
            >
              {printable(step)}
            </button>
            {index < last && <span aria-hidden="true">/</span>}
          </span>
        );
      })}
    </nav>
  );
}

interface ShownProps {
  answer: Answer<FileView>;
  place: Place;
  stand: { current: string | null };
  onGo(path: string, from: string | null): void;
  onUp(): void;
  again(): void;
}

function Shown({ answer, place, stand, onGo, onUp, again }: ShownProps) {
  if (answer.state === "none") return null;
  if (answer.state === "failed") {
    return (
      <div class="look-failed" role="alert">
        <p>{refusalWords(answer.error, place.path, place.layer)}</p>
        <button type="button" class="mini" onClick={again}>
          {t("look.retry")}
        </button>{" "}
        {place.path !== "/" && (
          <>
            <button type="button" class="mini" onClick={onUp}>
              {t("fv.up", { path: printable(parentOf(place.path)) })}
            </button>{" "}
            <button type="button" class="mini" onClick={() => onGo("/", null)}>
              {t("look.back")}
            </button>
          </>
        )}
      </div>
    );
  }
  const view = answer.state === "here" ? answer.value : answer.before;
  if (view === null) {
    return (
      <div aria-busy="true">
        <p class="sr-only">{t("fv.loading")}</p>
        {[72, 58, 80, 64].map((width) => (
          <div key={width} class="bone" style={{ width: `${width}%` }} />
        ))}
      </div>
    );
  }
  return (
    <div class="fv-shown" aria-busy={answer.state === "loading"}>
      {view.entries != null ? (
        <Listing
          key={`${view.layer}:${view.path}`}
          view={view}
          entries={view.entries}
          stand={stand}
          onGo={onGo}
          onUp={onUp}
        />
      ) : (
        <Content key={`${view.layer}:${view.path}`} view={view} stand={stand} onGo={(to) => onGo(to, "")} />
      )}
    </div>
  );
}
