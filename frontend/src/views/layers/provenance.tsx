/** Where a path comes from: what each layer says of it, the topmost first. Asked by typing, or by holding a file. */
import { effect } from "@preact/signals";
import { useCallback, useEffect, useId, useMemo, useRef, useState } from "preact/hooks";
import { bytes, exactBytes } from "../../i18n/format";
import { t } from "../../i18n/index";
import type { Overlay, Provenance, Sighting } from "../../protocol/generated";
import { printable } from "../../state/format";
import { kindOf, nameOf } from "../../state/link";
import { useSurroundings } from "../context";
import { useThing, Words } from "../parts";
import { layerWords } from "../reason";
import { type Answer, useInquiry } from "./inquiry";
import { refusalWords } from "./refusal";

interface Props {
  overlay: Overlay;
  live: boolean;
  browse(layer: string, path: string): void;
}

const SUGGESTED = 100;

export function WhereFrom({ overlay, live, browse }: Props) {
  const { calls, link } = useSurroundings();
  const [asked, setAsked] = useState("");
  const [text, setText] = useState("");
  const [answer, inquire] = useInquiry<Provenance>();
  const list = useId();
  const result = useRef<HTMLDivElement>(null);
  const field = useRef<HTMLInputElement>(null);

  const ask = useCallback(
    (path: string): void => {
      const whole = path.startsWith("/") ? path : `/${path}`;
      setAsked(whole);
      setText(printable(whole));
      if (calls) void inquire(() => calls.provenance(whole));
    },
    [calls, inquire],
  );

  // A file that is held, here, in the list of events or anywhere, is a question.
  useEffect(
    () =>
      effect(() => {
        const thing = link.held.value;
        if (thing !== null && kindOf(thing) === "file") ask(nameOf(thing));
      }),
    [link, ask],
  );

  const here = answer.state === "here";
  useEffect(() => {
    if (here) result.current?.scrollIntoView?.({ block: "nearest" });
  }, [here]);

  const suggestions = useMemo(() => Object.keys(overlay.changes).slice(0, SUGGESTED), [overlay.changes]);
  return (
    <section class="pv" aria-label={t("pv.title")}>
      <h4>{t("pv.title")}</h4>
      <p class="note">{t("pv.words")}</p>
      {calls === null ? (
        <p class="note">{t("look.not_here")}</p>
      ) : (
        <form
          class="pv-form"
          onSubmit={(event) => {
            event.preventDefault();
            // Read where it stands: the last key may not have been drawn yet.
            const wanted = field.current?.value ?? text;
            // What is shown is made safe to look at; unless it was edited, the path itself is meant.
            if (wanted !== "") ask(wanted === printable(asked) ? asked : wanted);
          }}
        >
          <input
            class="input mono"
            type="text"
            ref={field}
            aria-label={t("pv.path")}
            placeholder="/etc/hostname"
            list={list}
            value={text}
            autocomplete="off"
            autocapitalize="off"
            spellcheck={false}
            onInput={(event) => setText(event.currentTarget.value)}
          />
          <datalist id={list}>
            {suggestions.map((path) => (
              <option key={path} value={printable(path)} />
            ))}
          </datalist>
          <button type="submit" class="button small" aria-disabled={text === ""}>
            {t("pv.ask")}
          </button>
        </form>
      )}
      <div class="pv-answer" ref={result} aria-busy={answer.state === "loading"}>
        <Result answer={answer} path={asked} overlay={overlay} again={() => ask(asked)} browse={browse} />
        {!live && answer.state === "here" && <p class="note">{t("look.now")}</p>}
      </div>
    </section>
  );
}

interface ResultProps {
  answer: Answer<Provenance>;
  path: string;
  overlay: Overlay;
  again(): void;
  browse: Props["browse"];
}

function Result({ answer, path, overlay, again, browse }: ResultProps) {
  switch (answer.state) {
    case "none":
      return null;
    case "failed":
      return (
        <div class="look-failed" role="alert">
          <p>{refusalWords(answer.error, path)}</p>
          <button type="button" class="mini" onClick={again}>
            {t("look.retry")}
          </button>
        </div>
      );
    case "loading":
      if (answer.before) return <Found provenance={answer.before} overlay={overlay} browse={browse} />;
      return <p class="note">{t("pv.loading")}</p>;
    case "here":
      return <Found provenance={answer.value} overlay={overlay} browse={browse} />;
  }
}

interface FoundProps {
  provenance: Provenance;
  overlay: Overlay;
  browse: Props["browse"];
}

function Found({ provenance, overlay, browse }: FoundProps) {
  const { path, resolved, verdict, sightings } = provenance;
  const hit = sightings.find((one) => one.found === "hit");
  const seen = verdict !== "deleted" && verdict !== "absent";
  return (
    <>
      <p class="pv-verdict">
        <code>{printable(path)}</code>{" "}
        {resolved === "/" ? t("pv.verdict_root") : t(`pv.verdict_${verdict}`, { layer: hit ? titleOf(hit) : "?" })}{" "}
        {seen && (
          <button type="button" class="mini" onClick={() => browse("merged", resolved)}>
            {t("pv.open")}
          </button>
        )}
      </p>
      {resolved !== path && (
        <p class="note">
          <Words text={t("pv.resolved")} path={<code>{printable(resolved)}</code>} />
        </p>
      )}
      <ol class="pv-stack">
        {sightings.map((one) => (
          <Layer key={one.layer} sighting={one} overlay={overlay} />
        ))}
      </ol>
    </>
  );
}

const SIGNS: Record<Sighting["found"], string> = {
  hit: "●",
  hidden: "◌",
  merged: "⊕",
  whiteout: "✕",
  opaque: "◼",
  absent: "–",
  covered: "⊘",
};

function Layer({ sighting, overlay }: { sighting: Sighting; overlay: Overlay }) {
  const { layer, found } = sighting;
  const upper = layer === "upper";
  const thing = useThing(`layer:${upper ? "upper" : (overlay.lowerdir[Number(layer)] ?? layer)}`);
  return (
    <li class={`pv-layer ${found} ${upper ? "world-container" : "world-host"}`} {...thing}>
      <span class="pv-name">
        <code>{upper ? "upperdir" : `lowerdir ${Number(layer) + 1}`}</code>{" "}
        <span class="muted">{upper ? "" : titleOf(sighting)}</span>
      </span>
      <span class="pv-word">
        <b aria-hidden="true">{SIGNS[found]}</b> {t(`pv.word_${found}`)}
      </span>
      <span class="pv-says">
        {t(`pv.found_${found}`)}
        <Weight sighting={sighting} />
      </span>
    </li>
  );
}

function Weight({ sighting }: { sighting: Sighting }) {
  const { size_bytes: size = null, blocks_bytes: blocks = null, type, metacopy, path } = sighting;
  const file = type === "file";
  return (
    <>
      {file && size !== null && blocks !== null && (
        <span class="num muted" title={`${exactBytes(size)} / ${exactBytes(blocks)}`}>
          {" · "}
          {t("pv.size", { size: bytes(size), blocks: bytes(blocks) })}
        </span>
      )}
      {type != null && type !== "file" && <span class="muted"> · {t(`fv.type_${type}`)}</span>}
      {metacopy ? (
        <span class="note"> {t("pv.metacopy")}</span>
      ) : (
        file && size !== null && blocks !== null && blocks < size && <span class="note"> {t("pv.hole")}</span>
      )}
      {path != null && (
        <span class="note">
          {" "}
          <Words text={t("pv.elsewhere")} path={<code>{printable(path)}</code>} />
        </span>
      )}
    </>
  );
}

const titleOf = (sighting: Sighting): string =>
  sighting.layer === "upper" ? t("pv.upper") : printable(layerWords(sighting.title));
