import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Book, type BookEvents } from "../src/terminal/book";
import { pastable, plainTitle, safeLink } from "../src/terminal/clipboard";

const screens: { dispose: ReturnType<typeof vi.fn> }[] = [];

class NoScreen {
  cols = 80;
  rows = 24;
  pixels = { x: 0, y: 0 };
  dispose = vi.fn();
  mute = vi.fn();
  write = vi.fn();
  constructor() {
    screens.push(this);
  }
}

const events = (): BookEvents => ({
  attach: vi.fn(),
  loadScreen: vi.fn(async () => ({ XtermScreen: NoScreen, loadFace: async () => undefined }) as never),
});

const terminal = (id: string, console = false, exit?: object) => ({
  id,
  argv: ["/bin/sh"],
  console,
  created_at: 0,
  ...(exit && { exit: exit as never }),
});

let book: Book;

beforeEach(() => {
  screens.length = 0;
  book = new Book(events());
});
afterEach(() => book.dispose());

const ids = () => book.tabs.value.map((tab) => tab.id);

describe("the terminals of a container", () => {
  it("start with the console in front", () => {
    book.sync([terminal("b"), terminal("a", true)]);
    expect(ids()).toEqual(["a", "b"]);
    expect(book.front?.program).toBe("sh");
  });

  it("come as the worker lists them, each once, and ended ones not anew", () => {
    book.sync([terminal("a", true)]);
    book.sync([terminal("a", true), terminal("b"), terminal("old", false, { at: 1, oom: false })]);
    book.sync([terminal("a", true), terminal("b")]);
    expect(ids()).toEqual(["a", "b"]);
    expect(book.active.value).toBe("a");
  });

  it("do not come back once closed here", () => {
    book.sync([terminal("a", true), terminal("b")]);
    book.remove("b");
    book.sync([terminal("a", true), terminal("b")]);
    expect(ids()).toEqual(["a"]);
  });

  it("hand the front to a neighbour", () => {
    book.sync([terminal("a", true), terminal("b"), terminal("c")]);
    book.show("b");
    book.remove("b");
    expect(book.active.value).toBe("c");
    book.remove("c");
    expect(book.active.value).toBe("a");
  });

  it("give the console's place to the console of the next run", async () => {
    book.sync([terminal("a", true), terminal("b")]);
    await vi.waitFor(() => expect(screens).toHaveLength(2));
    book.sync([terminal("a2", true)]);
    expect(ids()).toEqual(["a2", "b"]);
    expect(book.active.value).toBe("a2");
    expect(screens[0]?.dispose).toHaveBeenCalledOnce();
  });

  it("say when the emulator could not be loaded, and can be asked again", async () => {
    const failing = events();
    vi.mocked(failing.loadScreen).mockRejectedValueOnce(new TypeError("Failed to fetch"));
    book = new Book(failing);
    const tab = book.add(terminal("a", true));
    await vi.waitFor(() => expect(tab.failed.value).toBe(true));
    await tab.load();
    expect(tab.failed.value).toBe(false);
    expect(tab.parts.value).not.toBeNull();
  });
});

describe("what programs print is not believed", () => {
  it("a title has no controls, no turned text and an end", () => {
    expect(plainTitle("a\x07b\x1b[31mc\u202ed")).toBe("ab[31mcd");
    expect([...plainTitle("界".repeat(999))]).toHaveLength(256);
  });

  it("a link leads to the web or nowhere", () => {
    expect(safeLink("https://example.org/a")).toBe("https://example.org/a");
    for (const uri of ["javascript:alert(1)", "file:///etc/passwd", "data:text/html,x", "nonsense"]) {
      expect(safeLink(uri)).toBeNull();
    }
  });

  it("a paste cannot end its own brackets", () => {
    expect(pastable("a\x1b[201~rm -r .\n")).toBe("arm -r .\n");
  });
});
