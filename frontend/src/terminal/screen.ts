/** The emulator: xterm.js with its add-ons, the page's colours and the page's rules on links, titles and pastes. */
import { FitAddon } from "@xterm/addon-fit";
import { UnicodeGraphemesAddon } from "@xterm/addon-unicode-graphemes";
import { WebLinksAddon } from "@xterm/addon-web-links";
import { WebglAddon } from "@xterm/addon-webgl";
import { type IDisposable, Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { isAnswer } from "./answers";
import { Blink } from "./blink";
import { copyText, pastable, plainTitle, safeLink } from "./clipboard";
import { theme } from "./palette";
import type { Screen } from "./session";

const SCROLLBACK = 5000;
const FONT_PX = 13;
const FACE_MS = 1_000;

export interface ScreenEvents {
  data(text: string): void;
  binary(text: string): void;
  resized(): void;
  focused(): void;
  title(text: string): void;
  /** Several lines at a prompt that would run each at once: true to go on. */
  confirmPaste(text: string): Promise<boolean>;
}

/** The emulator measures its cells once, when it opens: by then the face must be there. Without it, the next best serves. */
export async function loadFace(): Promise<void> {
  const faces = [400, 700].map((weight) => document.fonts.load(`${weight} ${FONT_PX}px "Terrarium Mono"`));
  await Promise.race([Promise.all(faces), new Promise((late) => setTimeout(late, FACE_MS))]).catch(() => undefined);
}

export class XtermScreen implements Screen {
  readonly element = document.createElement("div");
  readonly #term: Terminal;
  readonly #fit = new FitAddon();
  readonly #disposables: IDisposable[] = [];
  readonly #observer: ResizeObserver;
  #opened = false;
  #fitted = true;
  #front = false;
  #webgl: WebglAddon | null = null;
  #muted = false;
  readonly #blink: Blink | null;

  constructor(private readonly events: ScreenEvents) {
    this.element.className = "terminal-screen";
    const blinks = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#blink = blinks ? new Blink(this.element) : null;
    this.#term = new Terminal({
      allowProposedApi: true, // for the width of grapheme clusters
      allowTransparency: false,
      cursorBlink: blinks,
      cursorInactiveStyle: "outline",
      fontFamily: getComputedStyle(document.documentElement).getPropertyValue("--font-mono").trim(),
      fontSize: FONT_PX,
      fontWeightBold: 700,
      lineHeight: 1.25,
      linkHandler: { activate: (_event, uri) => openLink(uri), allowNonHttpProtocols: false },
      macOptionIsMeta: true,
      rightClickSelectsWord: false,
      scrollback: SCROLLBACK,
      theme: theme(),
    });
    this.#term.loadAddon(this.#fit);
    this.#term.loadAddon(new WebLinksAddon((_event, uri) => openLink(uri)));
    this.#term.loadAddon(new UnicodeGraphemesAddon());
    this.#term.attachCustomKeyEventHandler((event) => this.#key(event));
    this.#disposables.push(
      this.#term.onData((data) => {
        if (!this.#muted || !isAnswer(data)) this.events.data(data);
      }),
      this.#term.onBinary((data) => {
        if (!this.#muted) this.events.binary(data);
      }),
      this.#term.onCursorMove(() => this.#blink?.again()),
      this.#term.onKey(() => this.#blink?.again()),
      this.#term.onTitleChange((title) => this.events.title(plainTitle(title))),
    );
    this.element.addEventListener("paste", (event) => void this.#pasted(event), { capture: true });
    this.#observer = new ResizeObserver(() => this.fit());
  }

  get cols(): number {
    return this.#term.cols;
  }

  get rows(): number {
    return this.#term.rows;
  }

  get pixels(): { x: number; y: number } {
    const canvas = this.element.querySelector<HTMLElement>(".xterm-screen");
    return { x: Math.round(canvas?.clientWidth ?? 0), y: Math.round(canvas?.clientHeight ?? 0) };
  }

  /** Shows the screen in `parent`, which has a size; where it was before, it is taken from there. */
  mount(parent: HTMLElement, label: string): void {
    parent.append(this.element);
    if (!this.#opened) {
      this.#opened = true;
      this.#term.open(this.element);
    }
    this.#term.textarea?.setAttribute("aria-label", label);
    this.element.addEventListener("focusin", this.events.focused);
    this.#observer.observe(this.element);
    if (this.#front) this.#useWebgl();
    this.fit();
  }

  /** Takes it out of the page. A browser has few WebGL contexts: a hidden screen gives its own back. */
  unmount(): void {
    this.#observer.disconnect();
    this.#dropWebgl();
    this.element.remove();
  }

  dispose(): void {
    this.unmount();
    this.#blink?.dispose();
    for (const disposable of this.#disposables) disposable.dispose();
    this.#term.dispose();
  }

  /** Whether the keys go here: of several on the page only that one is drawn by the GPU. */
  setFront(front: boolean): void {
    this.#front = front;
    if (!front) this.#dropWebgl();
    else if (this.element.isConnected) this.#useWebgl();
  }

  focus(): void {
    this.#term.focus();
  }

  fit(): void {
    if (!this.#fitted || this.element.clientWidth === 0 || this.element.clientHeight === 0) return;
    const before = `${this.cols}x${this.rows}`;
    this.#fit.fit();
    if (`${this.cols}x${this.rows}` !== before) this.events.resized();
  }

  /** Whether this page decides the size. */
  setDriver(driver: boolean): void {
    this.#fitted = driver;
    this.#term.options.disableStdin = !driver;
    if (driver) this.fit();
  }

  setTheme(): void {
    this.#term.options.theme = theme();
  }

  setScreenReader(on: boolean): void {
    this.#term.options.screenReaderMode = on;
  }

  write(data: Uint8Array | string, parsed?: () => void): void {
    this.#term.write(data, parsed);
  }

  /** In the stream, so that it stands at its place: CAN ends a cut sequence, RIS resets. */
  reset(): void {
    this.#term.write("\x18\x1bc");
  }

  resizeTo(cols: number, rows: number): void {
    if (cols !== this.cols || rows !== this.rows) this.#term.resize(cols, rows);
  }

  mute(on: boolean): void {
    this.#muted = on;
  }

  /** What is on the screen now, as text: for tests and for a screen reader's question. */
  text(): string {
    const buffer = this.#term.buffer.active;
    const lines: string[] = [];
    for (let row = 0; row < this.#term.rows; row += 1) {
      lines.push(buffer.getLine(buffer.viewportY + row)?.translateToString(true) ?? "");
    }
    return lines.join("\n").trimEnd();
  }

  async #pasted(event: ClipboardEvent): Promise<void> {
    event.preventDefault();
    event.stopPropagation();
    const text = pastable(event.clipboardData?.getData("text/plain") ?? "");
    if (text === "") return;
    const runsAtOnce = /[\r\n]/.test(text.trimEnd()) && !this.#term.modes.bracketedPasteMode;
    if (runsAtOnce && !(await this.events.confirmPaste(text))) return;
    this.#term.paste(text);
    this.#term.focus();
  }

  /** False: the page or the browser has the key, not the shell. */
  #key(event: KeyboardEvent): boolean {
    const copy = event.ctrlKey && event.shiftKey && event.code === "KeyC";
    const paste =
      (event.ctrlKey && event.shiftKey && event.code === "KeyV") || (event.shiftKey && event.key === "Insert");
    if (copy) {
      event.preventDefault(); // in some browsers it opens the inspector
      if (event.type === "keydown" && this.#term.hasSelection()) void copyText(this.#term.getSelection());
      return false;
    }
    if (paste) return false; // the browser's own paste follows, and comes back as an event
    return !(event.ctrlKey && event.key === "F6"); // moves to the next part of the page
  }

  #useWebgl(): void {
    if (this.#webgl !== null || !gpuDraws()) return;
    try {
      const webgl = new WebglAddon();
      webgl.onContextLoss(() => this.#dropWebgl());
      this.#term.loadAddon(webgl);
      this.#webgl = webgl;
      this.#term.options.letterSpacing = 1; // it cuts a cell's 7.8 pixels down to 7
      this.#term.options.minimumContrastRatio = 4.5; // not with the DOM, which then greys inverted text
    } catch {
      this.#webgl = null; // no WebGL after all: xterm.js goes on with the DOM
    }
  }

  #dropWebgl(): void {
    if (this.#webgl === null) return;
    this.#webgl.dispose();
    this.#webgl = null;
    this.#term.options.letterSpacing = 0;
    this.#term.options.minimumContrastRatio = 1;
    this.fit();
  }
}

/** WebGL drawn by the processor is slower than the DOM; on touch devices it has had too many faults. */
function gpuDraws(): boolean {
  if (matchMedia("(pointer: coarse)").matches) return false;
  const context = document.createElement("canvas").getContext("webgl2", { failIfMajorPerformanceCaveat: true });
  if (context === null) return false;
  const info = context.getExtension("WEBGL_debug_renderer_info");
  const renderer = info === null ? "" : String(context.getParameter(info.UNMASKED_RENDERER_WEBGL));
  context.getExtension("WEBGL_lose_context")?.loseContext();
  return !/swiftshader|llvmpipe|software|basic render/i.test(renderer);
}

function openLink(uri: string): void {
  const safe = safeLink(uri);
  if (safe !== null) window.open(safe, "_blank", "noopener,noreferrer");
}
