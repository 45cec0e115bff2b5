/** "Show me": where a figure comes from. The file, its bytes as read just now, the manual, the commands. */
import "./showme.css";
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { t } from "../i18n/index";
import type { Snapshot, SourceText } from "../protocol/generated";
import { printable } from "../state/format";
import type { PanelName, Question, Side } from "./context";
import { Copy } from "./parts";
import { type Lesson, lessonFor } from "./teach";

export type ReadSource = (side: Side, panel: PanelName, key: string) => Promise<SourceText>;

interface Props {
  question: Question;
  source: ReadSource;
  /** What is shown: the sentence about the figure has it as it is there. */
  snapshot?: Snapshot | null;
  typeIntoTerminal?: ((text: string) => void) | undefined;
  onClose(): void;
}

type Answer = { state: "loading" } | { state: "failed"; message: string } | { state: "read"; text: SourceText };

export function ShowMe({ question, source, snapshot = null, typeIntoTerminal, onClose }: Props) {
  const [side, setSide] = useState<Side>(question.side);
  const [answer, setAnswer] = useState<Answer>({ state: "loading" });
  const dialog = useRef<HTMLDialogElement>(null);
  const turn = useRef(0);
  const ask = useRef(source);
  ask.current = source; // a new function each time the page is drawn is no reason to read again

  const read = useCallback(async () => {
    turn.current += 1;
    const mine = turn.current;
    setAnswer({ state: "loading" });
    try {
      const text = await ask.current(side, question.panel, question.key);
      if (mine === turn.current) setAnswer({ state: "read", text });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      if (mine === turn.current) setAnswer({ state: "failed", message });
    }
  }, [side, question]);

  useEffect(() => {
    void read();
  }, [read]);

  useEffect(() => {
    const element = dialog.current;
    const before = document.activeElement;
    if (element && !element.open) element.showModal?.();
    return () => {
      turn.current = -1;
      if (element?.open === false) return; // closed already, and the focus is somewhere else on purpose
      element?.close?.();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);

  // As it was when it was asked: a sentence whose numbers tick cannot be read.
  const [asked] = useState(snapshot);
  const lesson = lessonFor({ ...question, side }, asked);

  const type =
    typeIntoTerminal &&
    ((text: string): void => {
      dialog.current?.close?.(); // first, or closing would take the focus back from the terminal
      typeIntoTerminal(text);
      onClose();
    });

  return (
    <dialog
      class={`showme world-${side}`}
      ref={dialog}
      aria-labelledby="showme-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onKeyDown={(event) => {
        // Escape closes this one, not the full-width panel beneath.
        if (event.key === "Escape") {
          event.preventDefault();
          event.stopPropagation();
          onClose();
        }
      }}
      onClick={(event) => {
        if (event.target === event.currentTarget) onClose();
      }}
    >
      <div class="showme-inner">
        <header class="showme-head">
          <h2 id="showme-title">
            <span>{t("showme.title")}</span> <code>{question.title}</code>
          </h2>
          <button type="button" class="panel-full" aria-label={t("showme.close")} onClick={onClose}>
            <svg viewBox="0 0 16 16" aria-hidden="true">
              <path d="M3 3l10 10M13 3 3 13" />
            </svg>
          </button>
        </header>
        {question.sides.length > 1 && (
          <fieldset class="showme-sides">
            <legend class="sr-only">{t("showme.side")}</legend>
            {question.sides.map((one) => (
              <label key={one} class={`world-${one}`}>
                <input type="radio" name="showme-side" checked={one === side} onChange={() => setSide(one)} />
                <span>{t(one === "container" ? "showme.as_container" : "showme.as_host")}</span>
              </label>
            ))}
          </fieldset>
        )}
        <div class="showme-scroll">
          {lesson && <Words lesson={lesson} />}
          <Body answer={answer} line={lesson?.line} retry={() => void read()} type={type} />
        </div>
      </div>
    </dialog>
  );
}

/** What the figure means, how it is worked out, and what it is called elsewhere. */
function Words({ lesson }: { lesson: Lesson }) {
  const { words, formula, names } = lesson;
  return (
    <div class="showme-words">
      <p>{words}</p>
      {formula !== undefined && (
        <section>
          <h3 class="showme-label">{t("teach.formula")}</h3>
          <p class="showme-formula">
            <code>{formula}</code>
          </p>
        </section>
      )}
      {names && (
        <section>
          <h3 class="showme-label">{t("teach.names")}</h3>
          <dl class="showme-names">
            {(["v1", "v2"] as const).map((one) => (
              <div key={one} data-here={one === names.here ? "true" : undefined}>
                <dt>
                  cgroup {one}
                  {one === names.here && <span class="badge">{t("cg.here")}</span>}
                </dt>
                <dd>
                  <code>{names[one]}</code>
                </dd>
              </div>
            ))}
          </dl>
        </section>
      )}
    </div>
  );
}

interface BodyProps {
  answer: Answer;
  /** Lines to be marked. */
  line: RegExp | undefined;
  retry(): void;
  type: ((text: string) => void) | undefined;
}

function Body({ answer, line, retry, type }: BodyProps) {
  if (answer.state === "loading") {
    return (
      <div class="showme-body" aria-busy="true">
        <p class="sr-only">{t("showme.loading")}</p>
        <div class="bone" style={{ width: "60%" }} />
        <div class="bone" style={{ height: "88px" }} />
        <div class="bone" style={{ width: "45%" }} />
      </div>
    );
  }
  if (answer.state === "failed") {
    return (
      <div class="showme-body" role="alert">
        <p>{t("showme.failed", { message: answer.message })}</p>
        <button type="button" class="mini" onClick={retry}>
          {t("showme.retry")}
        </button>
      </div>
    );
  }
  const { text } = answer;
  return (
    <div class="showme-body">
      <section>
        <h3 class="showme-label">{t("showme.file")}</h3>
        <Line text={text.path} what={t("showme.file")} />
      </section>
      <section>
        <h3 class="showme-label">
          {t("showme.raw")}
          <button type="button" class="mini" onClick={retry}>
            {t("showme.again")}
          </button>
          <Copy text={text.raw} what={t("showme.raw")} />
        </h3>
        {text.raw === "" ? (
          <p class="muted">{t("showme.empty")}</p>
        ) : (
          // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
          <pre tabIndex={0}>
            <Raw text={text.raw} line={line} />
          </pre>
        )}
        {text.truncated && <p class="muted">{t("showme.truncated")}</p>}
      </section>
      <section class="world-container">
        <h3 class="showme-label">{t("showme.inside")}</h3>
        {text.command_container ? (
          <Line text={text.command_container} what={t("showme.inside")}>
            {type && (
              <button type="button" class="mini strong" onClick={() => type(text.command_container ?? "")}>
                {t("showme.type")}
              </button>
            )}
          </Line>
        ) : (
          <p class="muted">{t("showme.not_inside")}</p>
        )}
      </section>
      <section class="world-host">
        <h3 class="showme-label">{t("showme.outside")}</h3>
        <Line text={text.command_host} what={t("showme.outside")} />
      </section>
      <section>
        <h3 class="showme-label">{t("showme.manual")}</h3>
        <Line text={manual(text.man)} what={t("showme.manual")} />
      </section>
    </div>
  );
}

function Line({ text, what, children }: { text: string; what: string; children?: preact.ComponentChildren }) {
  return (
    <div class="showme-line">
      <code>{text}</code>
      {children}
      <Copy text={text} what={what} />
    </div>
  );
}

/** The file as it is; the lines that hold the figure are marked, by a sign as well as a tint. */
function Raw({ text, line }: { text: string; line: RegExp | undefined }) {
  const first = useRef<HTMLElement>(null);
  useEffect(() => {
    const box = first.current?.parentElement;
    if (box && first.current) box.scrollTop = first.current.offsetTop - box.offsetTop - box.clientHeight / 3;
  }, []);
  if (line === undefined) return <>{visible(text)}</>;
  const lines = text.split(/(?<=\n)/);
  const at = lines.findIndex((one) => line.test(one));
  return (
    <>
      {lines.map((one, index) =>
        line.test(one) ? (
          <mark key={index} ref={index === at ? first : undefined} title={t("teach.marked")}>
            {visible(one)}
          </mark>
        ) : (
          visible(one)
        ),
      )}
    </>
  );
}

/** Raw bytes with their lines kept and everything else that cannot be seen written out, NUL above all. */
const visible = (raw: string): string =>
  raw
    .split(/([\n\t])/)
    .map((part) => (/^[\n\t]$/.test(part) ? part : printable(part)))
    .join("");

/** `proc_pid_status(5)` → `man 5 proc_pid_status`. Not every source has a page of that form. */
function manual(page: string): string {
  const match = /^([\w.+-]+)\((\d\w*)\)$/.exec(page);
  return match ? `man ${match[2]} ${match[1]}` : page;
}
