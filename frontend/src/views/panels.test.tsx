import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { all, one, press, root, text, useStage } from "../../tests/support/stage";
import { setLanguage } from "../i18n/index";
import type { SourceText } from "../protocol/generated";
import type { LiveMessage } from "../protocol/live";
import real from "../state/fixtures/recorded.json";
import recording from "../state/fixtures/session.json";
import { LiveStore } from "../state/live";
import { Panels, type PanelsProps } from "./panels";

const messages = recording.messages as unknown as LiveMessage[];
const SOURCE: SourceText = {
  path: "/proc/48213/status",
  raw: "Name:\tbash\n",
  truncated: false,
  man: "proc_pid_status(5)",
  command_host: "cat /proc/48213/status",
  command_container: "cat /proc/1/status",
};

// The test's DOM has no such property, by which Preact tells how an event's name is spelled; browsers do.
Object.defineProperty(HTMLElement.prototype, "onpointerover", { value: null, writable: true });
const point = (element: Element): void => {
  act(() => {
    element.dispatchEvent(new PointerEvent("pointerover", { bubbles: true }));
  });
};

let store: LiveStore;

useStage();

beforeEach(() => {
  store = new LiveStore();
});

function show(count: number, props: Partial<PanelsProps> = {}): void {
  for (const message of messages.slice(0, count)) store.apply(message);
  act(() => render(<Panels store={store} source={async () => SOURCE} {...props} />, root));
}

const row = (side: string, key: string): HTMLElement => one(`[data-side="${side}"][data-key="${key}"]`);

describe("states", () => {
  it("has a skeleton until there is something", () => {
    show(0);
    expect(one(".panel-list").getAttribute("aria-busy")).toBe("true");
    expect(all(".bone").length).toBeGreaterThan(3);
  });

  it("dims what is stale and says since when", () => {
    show(5);
    act(() => store.connected(false));
    expect(one(".panel-list").dataset.dimmed).toBe("true");
    expect(text(".banner.warn")).toMatch(/how it was at \d\d:\d\d:\d\d/);
  });

  it("says that a container is gone, with nothing to show or with the last there was", () => {
    show(0);
    act(() => store.gone("deleted"));
    expect(text(".banner")).toContain("nothing left to see");
    act(() => store.apply(messages[0] as LiveMessage));
    act(() => store.gone("deleted"));
    expect(text(".banner")).toContain("the last there was");
  });

  it("tells an error with what to do", () => {
    show(0);
    act(() => store.refused("access-denied", "you are not signed in"));
    expect(text("[role=alert]")).toContain("you are not signed in");
  });

  it("keeps the last figures of a stopped container and explains them", () => {
    show(messages.length);
    expect(text(".banner")).toContain("PID 1 ended with exit code 0");
    expect(row("container", "48213").textContent).toContain("bash");
    expect(text(".ns-table")).toContain("mnt:[4026532418]");
  });

  it("says aloud what happened, and never a number that ticks", () => {
    show(recording.before_oom);
    const live = one(".panels > [role=status]");
    expect(live.textContent).toBe("");
    act(() => store.apply(messages[recording.before_oom] as LiveMessage));
    expect(live.textContent).toContain("the kernel killed tail (PID 27 here, 48322 on the host)");
    expect(all("[aria-live]").filter((element) => element.closest(".mini") === null)).toEqual([]);
  });
});

describe("a real worker's words", () => {
  it("are drawn from first to last, in both languages, with no hole left unfilled", { timeout: 60_000 }, () => {
    show(0);
    for (const [index, message] of (real as unknown as LiveMessage[]).entries()) {
      setLanguage(index % 2 === 0 ? "en" : "zh-hans");
      if (index % 3 > 0) {
        store.apply(message);
        continue;
      }
      act(() => store.apply(message));
      expect(root.textContent).not.toMatch(/undefined|NaN|\[object|\{\w+\}/);
    }
    expect(root.textContent).toContain("mnt:[");
  });
});

describe("processes", () => {
  it("shows the same process on both sides, by that side's number", () => {
    show(20);
    expect(row("container", "48213").querySelector(".proc-pid b")?.textContent).toBe("1");
    expect(row("host", "48213").querySelector(".proc-pid b")?.textContent).toBe("48213");
    expect(row("container", "48213").textContent).toContain("your shell");
    expect(row("host", "2211").textContent).toContain("parent of every container here");
    expect(root.querySelector('[data-side="container"][data-key="2211"]')).toBeNull();
  });

  it("lights the twin while it is pointed at", () => {
    show(20);
    const inside = row("container", "48213");
    point(inside);
    expect(row("host", "48213").dataset.hot).toBe("true");
    expect(row("host", "2211").dataset.hot).toBeUndefined();
    expect(text(".proc-caption")).toBe("PID 1 in the container is PID 48213 on the host: one bash, two numbers.");
  });

  it("marks births, and the dead once more", () => {
    show(10);
    expect(row("container", "48260").dataset.mark).toBe("+");
    const end = messages.findIndex((m) => m.re === "patch" && JSON.stringify(m.patch).includes('"48310":null'));
    for (const message of messages.slice(10, end + 1)) act(() => store.apply(message));
    expect(row("host", "48310").dataset.mark).toBe("−");
    expect(row("host", "48310").textContent).toContain("ended");
    expect(row("container", "48272").textContent).toContain("zombie");
  });

  it("is walked with the arrow keys, one stop a tree", () => {
    show(20);
    expect(all('.proc-row[data-side="host"][tabindex="0"]')).toHaveLength(1);
    const keeper = row("host", "2211");
    act(() => keeper.focus());
    press(keeper, "ArrowDown");
    expect(document.activeElement).toBe(row("host", "2214"));
    press(row("host", "2214"), "ArrowLeft");
    expect(document.activeElement).toBe(keeper);
    press(keeper, "ArrowLeft");
    expect(keeper.getAttribute("aria-expanded")).toBe("false");
    expect(root.querySelector('[data-side="container"][data-key="48213"]')).toBeNull();
    press(keeper, "ArrowRight");
    press(keeper, "End");
    expect((document.activeElement as HTMLElement).dataset.key).not.toBe("2211");
    const init = row("host", "48213");
    act(() => init.focus());
    press(init, "t");
    expect(document.activeElement).toBe(row("container", "48213"));
  });

  it("tells a screen reader where in the tree a row is", () => {
    show(20);
    const python = row("container", "48271");
    expect(python.getAttribute("aria-level")).toBe("2");
    expect(python.getAttribute("aria-posinset")).toBe("2");
    expect(python.getAttribute("aria-setsize")).toBe("2");
    expect(row("host", "48271").getAttribute("aria-level")).toBe("4");
  });
});

describe("namespaces", () => {
  it("has all eight, told apart by border, sign and word", () => {
    show(5);
    const kinds = all(".ns-table tbody tr");
    expect(kinds).toHaveLength(8);
    expect(kinds.filter((kind) => kind.classList.contains("own"))).toHaveLength(7);
    const time = kinds[7];
    expect(time?.textContent).toContain("=");
    expect(time?.textContent).toContain("same as host");
    expect(time?.querySelectorAll(".world-host")).toHaveLength(2);
    expect(kinds[0]?.textContent).toContain("≠");
  });

  it("gives the reason where there is no number", () => {
    show(5);
    act(() =>
      store.patch({
        container: { namespaces: { mnt: { id: null, same_as_host: null } } },
        gaps: { "container.namespaces.mnt": "EACCES: permission denied (/proc/PID/ns/mnt)" },
      }),
    );
    expect(text('[data-thing="namespace:mnt"]')).toContain(
      "the kernel does not let it be read: /proc/PID/ns/mnt (EACCES)",
    );
  });
});

describe("cgroup", () => {
  it("gives each figure its limit, its share and a sentence", () => {
    show(12);
    expect(text('[aria-label="Tasks"] .cg-now')).toBe("2of 1281.6 %");
    expect(text('[aria-label="Tasks"] .cg-words')).toContain("The 129th fork would fail with EAGAIN.");
    expect(text('[aria-label="CPU"] .cg-words')).toContain("May run 50 ms in every 100 ms");
    expect(one('[role=meter][aria-label="Memory"]').getAttribute("aria-valuemax")).toBe("268435456");
  });

  it("draws the limit as a line, and the peak", () => {
    show(12);
    expect(all('[aria-label="Memory"] .chart-limit')).toHaveLength(1);
    expect(all('[aria-label="Memory"] .chart-peak')).toHaveLength(1);
    expect(all('[aria-label="Disk I/O"] .chart-limit')).toHaveLength(0);
  });

  it("tells the OOM kill as a story", () => {
    show(recording.before_oom + 1);
    expect(text(".story")).toMatch(/^\d\d:\d\d:\d\d Memory had reached 256 MiB/);
  });

  it("says that no limit is set, and why a file is missing", () => {
    show(5);
    act(() =>
      store.patch({
        container: { cgroup: { summary: { memory_limit_bytes: null, oom_kills: null } } },
        gaps: { "container.cgroup.summary.oom_kills": "ENOENT: no such file or directory (memory.events)" },
      }),
    );
    expect(text('[aria-label="Memory"] .cg-now')).toContain("no limit set");
    expect(text('[aria-label="Memory"] .cg-minor')).toContain("ENOENT");
  });

  it("names the mode and the directories on either side", () => {
    show(5);
    expect(text(".cg-paths")).toContain("/sys/fs/cgroup/pids/terrarium/");
    expect(text(".cg-paths")).toContain("not mounted in the container");
  });
});

describe("overlay", () => {
  it("explains an empty upper layer", () => {
    show(3);
    expect(text(".ov-changes")).toContain("Try touch /hello");
  });

  it("lists what is in it by path, with how it got there", () => {
    show(25);
    const items = all(".ov-item").map((item) => [item.dataset.thing, item.className.replace("ov-item ", "")]);
    expect(items.slice(0, 4)).toEqual([
      ["file:/etc", "copied_up"],
      ["file:/etc/issue", "deleted"],
      ["file:/etc/motd", "copied_up"],
      ["file:/hello", "created"],
    ]);
    expect(text('[data-thing="file:/etc/issue"]')).toContain("whiteout");
  });

  it("tells a file's two names while it is lit", () => {
    show(25);
    point(one('[data-thing="file:/etc/motd"]'));
    expect(text(".ov-caption")).toContain("/upper/etc/motd on the host");
    expect(one(".ov-slab.upper").dataset.hot).toBe("true");
  });
});

describe("show me", () => {
  it("asks for the figure's own file and shows raw bytes and commands", async () => {
    const source = vi.fn(async () => SOURCE);
    const typed = vi.fn();
    show(12, { source, typeIntoTerminal: typed });
    act(() => one('[aria-label="Tasks"] .cg-now .ask').click());
    await act(async () => undefined);
    expect(source).toHaveBeenCalledWith("container", "cgroup", "pids/pids.current");
    expect(text("dialog")).toContain("cat /proc/1/status");
    expect(text("dialog")).toContain("man 5 proc_pid_status");
    act(() => one("dialog .mini.strong").click());
    expect(typed).toHaveBeenCalledWith("cat /proc/1/status");
    expect(root.querySelector("dialog")).toBeNull();
  });

  it("is reached from a row by Enter, on that row's side", async () => {
    const source = vi.fn(async () => SOURCE);
    show(12, { source });
    press(row("host", "48213"), "Enter");
    await act(async () => undefined);
    expect(source).toHaveBeenCalledWith("host", "processes", "48213");
  });

  it("says what failed and offers to try again", async () => {
    const source = vi
      .fn<PanelsProps["source"]>()
      .mockRejectedValueOnce(new Error("no answer"))
      .mockResolvedValue(SOURCE);
    show(12, { source });
    act(() => one(".ns-table .ask").click());
    await act(async () => undefined);
    expect(text("dialog [role=alert]")).toContain("no answer");
    act(() => one("dialog [role=alert] .mini").click());
    await act(async () => undefined);
    expect(text("dialog")).toContain("/proc/48213/status");
  });
});

describe("the frame", () => {
  it("folds a panel, keeps its summary, and remembers", () => {
    show(12);
    act(() => one('[data-panel="cgroup"] .panel-fold').click());
    expect(one("#panel-cgroup").hidden).toBe(true);
    expect(text('[data-panel="cgroup"] .panel-summary')).toContain("2 tasks");
    act(() => render(null, root));
    act(() => render(<Panels store={store} source={async () => SOURCE} />, root));
    expect(one("#panel-cgroup").hidden).toBe(true);
  });

  it("opens full width and closes by Escape", () => {
    show(12);
    act(() => one('[data-panel="overlay"] .panel-full').click());
    expect(one('[data-panel="overlay"]').dataset.full).toBe("true");
    press(one('[data-panel="overlay"]'), "Escape");
    expect(one('[data-panel="overlay"]').dataset.full).toBeUndefined();
  });

  it("speaks Chinese, and leaves the kernel's names alone", () => {
    setLanguage("zh-hans");
    show(12);
    expect(text('[data-panel="namespaces"] .panel-fold')).toBe("命名空间");
    expect(text('[aria-label="任务数"] .cg-files')).toContain("pids.current");
    expect(text('[aria-label="任务数"] .cg-words')).toContain("EAGAIN");
  });
});
