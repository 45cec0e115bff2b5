import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { type Arrangement, Book, type BookEvents, type Memory } from "../src/terminal/book";
import { pastable, plainTitle, safeLink } from "../src/terminal/clipboard";
import { shown } from "../src/terminal/layout";
import { tabName } from "../src/terminal/tab_name";

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

describe("panes", () => {
  const visible = () => shown(book.layout.value);

  beforeEach(() => book.sync([terminal("a", true), terminal("b"), terminal("c"), terminal("d")]));

  it("show the terminal in front, until another is put beside it", () => {
    expect(visible()).toEqual(["a"]);
    book.split("a", "right", "b");
    expect(visible()).toEqual(["a", "b"]);
    expect(book.active.value).toBe("b");
  });

  it("keep their place: a tab that is shown gets the keys, another comes into the pane that has them", () => {
    book.split("a", "right", "b");
    book.show("a");
    expect(visible()).toEqual(["a", "b"]);
    book.show("c");
    expect(visible()).toEqual(["c", "b"]);
    expect(book.front?.id).toBe("c");
  });

  it("are gone to by direction", () => {
    book.split("a", "right", "b");
    expect(book.go("right")).toBe(false);
    expect(book.go("left")).toBe(true);
    expect(book.active.value).toBe("a");
  });

  it("close without their terminal, but not the last", () => {
    book.split("a", "right", "b");
    book.closePane("b");
    expect(visible()).toEqual(["a"]);
    expect(ids()).toEqual(["a", "b", "c", "d"]);
    expect(book.active.value).toBe("a");
    book.closePane("a");
    expect(visible()).toEqual(["a"]);
  });

  it("go with a terminal that is closed; the last one gets its neighbour", () => {
    book.split("a", "right", "b");
    book.remove("b");
    expect([visible(), book.active.value]).toEqual([["a"], "a"]);
    book.show("c");
    book.remove("c");
    expect([visible(), book.active.value]).toEqual([["d"], "d"]);
  });

  it("change places when a shown terminal is dropped on another", () => {
    book.split("a", "right", "b");
    book.put("b", "a");
    expect(visible()).toEqual(["b", "a"]);
    book.put("c", "a");
    expect(visible()).toEqual(["b", "c"]);
  });

  it("pass a console's place on to the console of the next run", () => {
    book.split("a", "right", "b");
    book.sync([terminal("a2", true)]);
    expect(visible()).toEqual(["a2", "b"]);
  });
});

describe("tabs", () => {
  it("are moved, but not before the console", () => {
    book.sync([terminal("a", true), terminal("b"), terminal("c")]);
    expect(book.move("c", 0)).toBe(1);
    expect(ids()).toEqual(["a", "c", "b"]);
    expect(book.move("a", 2)).toBe(0);
  });

  it("of one program are told apart by a number that stays", () => {
    book.sync([terminal("a", true), terminal("b"), terminal("c")]);
    expect(book.tabs.value.map(tabName)).toEqual(["sh, PID 1", "sh", "sh 2"]);
    book.remove("b");
    expect(book.tabs.value.map(tabName)).toEqual(["sh, PID 1", "sh 2"]);
  });

  it("are called as the person says, else as the program says", () => {
    const tab = book.add({ ...terminal("b"), name: "build" });
    tab.title.value = "root@box";
    expect(tabName(tab)).toBe("build");
    book.sync([{ ...terminal("b"), name: "" }]);
    expect(tabName(tab)).toBe("root@box");
  });

  it("are at most sixteen", () => {
    for (let count = 0; count < 15; count += 1) book.add(terminal(`t${count}`));
    expect(book.full).toBe(false);
    book.add(terminal("last"));
    expect(book.full).toBe(true);
  });

  it("come back in the order and the panes of the last visit", () => {
    let kept: Arrangement | null = null;
    const memory: Memory = {
      load: () => kept,
      save: (arrangement) => {
        kept = JSON.parse(JSON.stringify(arrangement));
      },
    };
    const first = new Book(events(), memory);
    first.sync([terminal("a", true), terminal("b"), terminal("c")]);
    first.move("c", 1);
    first.split("a", "down", "c");
    first.dispose();
    const second = new Book(events(), memory);
    second.sync([terminal("a", true), terminal("b"), terminal("c"), terminal("new")]);
    expect(second.tabs.value.map((tab) => tab.id)).toEqual(["a", "c", "b", "new"]);
    expect(shown(second.layout.value)).toEqual(["a", "c"]);
    expect(second.active.value).toBe("c");
    second.dispose();
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
