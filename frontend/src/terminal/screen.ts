/** The emulator: xterm.js with its add-ons, the page's colours and the page's rules on links, titles and pastes. */
import { signal } from "@preact/signals";
import { FitAddon } from "@xterm/addon-fit";
import { UnicodeGraphemesAddon } from "@xterm/addon-unicode-graphemes";
import { type IDisposable, Terminal } from "@xterm/xterm";
import "@xterm/xterm/css/xterm.css";
import { Aloud } from "./aloud";
import { isAnswer } from "./answers";
import { Blink } from "./blink";
import { pastable, plainTitle } from "./clipboard";
import { Echo } from "./echo";
import { family, fitted, followDensity, fontSize, LINE_HEIGHT, widthAt } from "./font";
import { type Key, sequence } from "./key_codes";
import { Links } from "./links";
import { ClipboardOffers } from "./osc52";
import { contrast, searchTheme, theme } from "./palette";
import { Paste } from "./paste";
import { Commands } from "./prompts";
import { Painter } from "./renderer";
import type { Screen } from "./session";
import { shortcut } from "./shortcuts";
import { signed } from "./signs";
import type { Wish } from "./wishes";

export { loadFace } from "./font";

const SCROLLBACK = 5000;
/** What xterm.js keeps free for its scroll bar. */
const SCROLL_BAR_PX = 14;

export interface ScreenEvents {
  data(text: string): void;
  binary(text: string): void;
  resized(): void;
  focused(): void;
  title(text: string): void;
  /** Bytes typed that are still on their way to the program; null when nothing can be typed now. */
  backlog(): number | null;
}

export class XtermScreen implements Screen {
  readonly element = document.createElement("div");
  readonly links: Links;
  readonly offers: ClipboardOffers;
  readonly pastes: Paste;
  readonly commands: Commands;
  readonly aloud: Aloud;
  readonly echo: Echo;
  /** The newest that is not done yet. */
  readonly wish = signal<Wish | null>(null);
  readonly #term: Terminal;
  readonly #fit = new FitAddon();
  readonly #disposables: IDisposable[] = [];
  readonly #stops: (() => void)[] = [];
  readonly #observer: ResizeObserver;
  readonly #painter: Painter;
  readonly #blink: Blink | null;
  #opened = false;
  #front = false;
  #fitted = true;
  #muted = false;
  #searched = false;
  #cell: number | null;

  constructor(readonly events: ScreenEvents) {
    this.element.className = "terminal-screen";
    const blinks = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    this.#blink = blinks ? new Blink(this.element) : null;
    const letters = fitted(fontSize.peek(), widthAt, devicePixelRatio);
    this.#cell = letters.cell;
    this.#term = new Terminal({
      allowProposedApi: true, // for the width of grapheme clusters, decorations, and what the parser reads
      allowTransparency: false,
      cursorBlink: blinks,
      cursorInactiveStyle: "outline",
      fontFamily: family(),
      fontSize: letters.size,
      fontWeightBold: 700,
      lineHeight: LINE_HEIGHT,
      linkHandler: Links.handler(() => this.links),
      macOptionIsMeta: true,
      minimumContrastRatio: contrast(),
      rescaleOverlappingGlyphs: true,
      rightClickSelectsWord: false,
      scrollback: SCROLLBACK,
      smoothScrollDuration: 0,
      theme: theme(),
      windowOptions: {}, // a program neither moves nor asks about the window
    });
    const term = this.#term;
    const deaf = () => this.#muted || !this.#fitted;
    term.loadAddon(this.#fit);
    term.loadAddon(new UnicodeGraphemesAddon());
    this.links = new Links(term);
    this.offers = new ClipboardOffers(term, deaf, signed.offer);
    this.commands = new Commands(term, signed.command);
    this.aloud = new Aloud(term, this.commands, () => this.#muted);
    this.echo = new Echo(term);
    this.#painter = new Painter(term);
    this.pastes = new Paste({
      send: (text) => this.events.data(text),
      backlog: () => this.events.backlog(),
      bracketed: () => term.modes.bracketedPasteMode,
    });
    term.attachCustomKeyEventHandler((event) => this.#key(event));
    this.#disposables.push(
      term.onData((data) => this.#typed(data)),
      term.onBinary((data) => {
        if (!this.#muted) this.events.binary(data);
      }),
      term.onCursorMove(() => this.#blink?.again()),
      term.onKey(() => this.#blink?.again()),
      term.onTitleChange((title) => this.events.title(plainTitle(title))),
      this.links,
      this.offers,
      this.commands,
      this.aloud,
      this.echo,
    );
    this.element.addEventListener("paste", (event) => this.#pasted(event), { capture: true });
    this.element.addEventListener("contextmenu", (event) => this.#menu(event));
    for (const kind of ["keydown", "pointerdown", "paste"] as const) {
      this.element.addEventListener(kind, () => this.offers.gesture(), { capture: true });
    }
    this.#stops.push(
      fontSize.subscribe(() => this.#letters()),
      followDensity(() => this.#letters()),
    );
    const forced = matchMedia("(forced-colors: active)");
    const recolour = () => this.setTheme();
    forced.addEventListener("change", recolour);
    this.#stops.push(() => forced.removeEventListener("change", recolour));
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

  /** For a part that is loaded when it is first wanted, such as the search. */
  get emulator(): Terminal {
    return this.#term;
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
    if (this.#front) void this.#painter.take();
    this.fit();
  }

  /** Takes it out of the page. A hidden screen gives its WebGL context back. */
  unmount(): void {
    this.#observer.disconnect();
    this.#painter.release();
    this.element.remove();
  }

  dispose(): void {
    this.unmount();
    this.#blink?.dispose();
    for (const stop of this.#stops) stop();
    for (const disposable of this.#disposables) disposable.dispose();
    this.#term.dispose();
  }

  /** Whether the keys go here: of several on the page only that one is drawn by the GPU. */
  setFront(front: boolean): void {
    this.#front = front;
    if (!front) this.#painter.release();
    else if (this.element.isConnected) void this.#painter.take();
  }

  focus(): void {
    this.#term.focus();
  }

  fit(): void {
    if (!this.#fitted || this.element.clientWidth === 0 || this.element.clientHeight === 0) return;
    const before = `${this.cols}x${this.rows}`;
    this.#resizeToBox();
    if (`${this.cols}x${this.rows}` !== before) this.events.resized();
  }

  /** Whether this page decides the size. */
  setDriver(driver: boolean): void {
    this.#fitted = driver;
    this.#term.options.disableStdin = !driver;
    if (driver) this.fit();
  }

  setTheme(): void {
    this.#term.options.theme = this.#searched ? searchTheme() : theme();
    this.#term.options.minimumContrastRatio = contrast();
  }

  /** What is selected is what a search has found. */
  setSearched(on: boolean): void {
    this.#searched = on;
    this.setTheme();
  }

  setScreenReader(on: boolean): void {
    this.#term.options.screenReaderMode = on;
    this.aloud.set(on);
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

  // -- what a person does --------------------------------------------------------------------------------------------

  /** A key of the touch screen's row. */
  press(key: Key): void {
    this.offers.gesture();
    this.#typed(sequence(key, this.#term.modes.applicationCursorKeysMode));
    this.#term.scrollToBottom();
  }

  /** A line of the normal screen, by its number from the oldest that is kept. */
  lineAt(line: number): string {
    return this.#term.buffer.normal.getLine(line)?.translateToString(true).trim() ?? "";
  }

  /** True when something of it was sent. */
  async paste(text: string): Promise<boolean> {
    if (this.#term.options.disableStdin) return false;
    const sent = await this.pastes.give(pastable(text));
    this.focus();
    if (sent) this.#term.scrollToBottom();
    return sent;
  }

  /** Plain text, without the blanks that fill lines up; empty when nothing is selected. */
  selection(): string {
    return this.#term.getSelection().replace(/[ \t]+$/gm, "");
  }

  deselect(): void {
    this.#term.clearSelection();
  }

  selectAll(): void {
    this.#term.selectAll();
    this.focus();
  }

  /** All but the line of the prompt: only here, the shell knows nothing of it. */
  clear(): void {
    this.#term.clear();
    this.focus();
  }

  #typed(data: string): void {
    if (this.#muted && isAnswer(data)) return;
    if (!isAnswer(data)) {
      this.aloud.typed(data);
      this.echo.typed();
    }
    this.events.data(data);
  }

  #pasted(event: ClipboardEvent): void {
    event.preventDefault();
    event.stopPropagation();
    void this.paste(event.clipboardData?.getData("text/plain") ?? "");
  }

  /** With Shift the browser's own menu comes; a program that follows the mouse has the button. */
  #menu(event: MouseEvent): void {
    if (event.shiftKey && event.button === 2) return;
    event.preventDefault();
    if (event.button === 2 && this.#term.modes.mouseTrackingMode !== "none") return;
    const keyboard = event.button !== 2 || (event.clientX === 0 && event.clientY === 0);
    this.wish.value = keyboard ? { what: "menu" } : { what: "menu", at: { x: event.clientX, y: event.clientY } };
  }

  /** False: the page or the browser has the key, not the shell. */
  #key(event: KeyboardEvent): boolean {
    const what = shortcut(event, {
      selection: this.#term.hasSelection(),
      alternate: this.#term.buffer.active.type === "alternate",
    });
    if (what === null) return true;
    if (what === "paste" || what === "part") return false; // the browser's own paste follows, and comes back as an event
    event.preventDefault(); // in some browsers Ctrl+Shift+C opens the inspector, and Ctrl++ enlarges the page
    if (event.type === "keydown") this.wish.value = { what };
    return false;
  }

  #letters(): void {
    const { size, cell } = fitted(fontSize.peek(), widthAt, devicePixelRatio);
    this.#cell = cell;
    if (this.#term.options.fontSize === size) return;
    this.#term.options.fontSize = size;
    this.fit();
  }

  /** As many columns with one renderer as with the other, whose cells differ by some hundredths of a pixel. */
  #resizeToBox(): void {
    const proposed = this.#fit.proposeDimensions();
    if (proposed === undefined || Number.isNaN(proposed.cols) || Number.isNaN(proposed.rows)) return;
    const fits = this.#cell === null ? 0 : Math.floor((this.element.clientWidth - SCROLL_BAR_PX) / this.#cell);
    const cols = Math.abs(fits - proposed.cols) === 1 ? fits : proposed.cols;
    if (cols !== this.cols || proposed.rows !== this.rows) this.#term.resize(cols, proposed.rows);
  }
}
