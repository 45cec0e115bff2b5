import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it } from "vitest";
import { all, one, press, root, text, useStage } from "../../tests/support/stage";
import { setLanguage } from "../i18n/index";
import type { Event, SourceText } from "../protocol/generated";
import type { LiveMessage } from "../protocol/live";
import recording from "../state/fixtures/session.json";
import { LiveStore } from "../state/live";
import { KINDS, LETTERS, placeOf } from "./events_signs";
import { eventWords } from "./events_words";
import { Panels, type PanelsProps } from "./panels";

const messages = recording.messages as unknown as LiveMessage[];
const SOURCE: SourceText = {
  path: "/x",
  raw: "",
  truncated: false,
  man: "",
  command_host: "cat /x",
  command_container: null,
};

// The test's DOM has no such properties, by which Preact tells how an event's name is spelled; browsers do.
for (const name of ["onpointerdown", "onpointermove", "onpointerup"]) {
  Object.defineProperty(HTMLElement.prototype, name, { value: null, writable: true });
}

let store: LiveStore;
let clock: number;

useStage();

beforeEach(() => {
  clock = 1_000;
  store = new LiveStore(null, () => clock);
});

function show(count: number, props: Partial<PanelsProps> = {}): void {
  for (const message of messages.slice(0, count)) store.apply(message);
  act(() => render(<Panels store={store} source={async () => SOURCE} {...props} />, root));
}

const told = (...events: Partial<Event>[]): void => {
  const at = store.state.value.snapshot?.taken_at ?? 0;
  const whole = events.map((event, index) => ({ seq: index + 1, at, kind: "born", ...event }) as Event);
  act(() => store.happened(whole));
};

describe("the timeline", () => {
  it("is a slider over the time that was recorded, in words", () => {
    show(20);
    const line = one("[role=slider]");
    expect(line.getAttribute("aria-label")).toBe("Time shown in all panels");
    expect(line.getAttribute("aria-valuetext")).toMatch(/^live, \d\d:\d\d:\d\d$/);
    expect(line.getAttribute("aria-valuenow")).toBe("0");
    press(line, "Home");
    expect(line.getAttribute("aria-valuetext")).toMatch(/^\d\d:\d\d:\d\d, \d+ s ago$/);
    expect(line.getAttribute("aria-valuenow")).toBe(line.getAttribute("aria-valuemin"));
    press(line, "End");
    expect(store.cursor.value).toBeNull();
  });

  it("steps by arrow keys through samples, and by page keys through ten seconds", () => {
    show(60);
    const line = one("[role=slider]");
    press(line, "ArrowLeft");
    expect(store.cursor.value?.at).toBe(store.moments.at(-2)?.at);
    press(line, "ArrowRight");
    press(line, "ArrowRight");
    expect(store.cursor.value).toBeNull();
    const edge = store.edge.value;
    press(line, "PageDown");
    expect(store.cursor.value?.at).toBe(edge - 10);
    press(line, "PageUp");
    expect(store.cursor.value).toBeNull();
    expect(press(line, "x").defaultPrevented).toBe(false);
  });

  it("says that it is paused, since when, and leads back", () => {
    show(20);
    press(document.body, "p");
    expect(text(".tl-where")).toMatch(/^Paused at \d\d:\d\d:\d\d · 0 s ago Back to live$/);
    expect(text(".freshness")).toBe("paused");
    clock += 14_000;
    act(() => store.tick());
    expect(text(".tl-where")).toContain("14 s ago");
    act(() => one(".tl-where .mini").click());
    expect(store.cursor.value).toBeNull();
    expect(text(".freshness")).toBe("live");
  });

  it("moves all panels to the same moment", () => {
    show(recording.last_running);
    const before = text('[data-panel="overlay"] .panel-summary');
    press(one("[role=slider]"), "Home");
    expect(text('[data-panel="overlay"] .panel-summary')).toBe("nothing written yet");
    expect(before).not.toBe("nothing written yet");
    expect(text('[data-panel="processes"] .panel-summary')).toBe("1 process inside");
    expect(text('[data-panel="cgroup"] .panel-summary')).toContain("1 task");
  });

  it("is dragged and clicked; a hand quicker than the next drawing is not lost", () => {
    show(60);
    const line = one("[role=slider]");
    line.setPointerCapture = () => undefined;
    line.getBoundingClientRect = () => ({ left: 0 }) as DOMRect;
    const pointer = (type: string, clientX: number): void => {
      line.dispatchEvent(new PointerEvent(type, { bubbles: true, button: 0, clientX }));
    };
    const edge = store.edge.value;
    act(() => {
      pointer("pointerdown", 390);
      pointer("pointermove", 380);
      pointer("pointerup", 380);
    });
    expect(store.cursor.value?.at).toBeCloseTo(edge - 3); // 20 of 400 px, of a minute
    act(() => {
      pointer("pointerdown", 400);
      pointer("pointermove", 400);
      pointer("pointerup", 400);
    });
    expect(store.cursor.value).toBeNull();
  });

  it("zooms, and remembers", () => {
    show(5);
    const choices = all(".tl-zoom input") as HTMLInputElement[];
    expect(choices.map((choice) => choice.checked)).toEqual([true, false, false]);
    act(() => choices[2]?.click());
    expect(localStorage.getItem("terrarium.timeline.seconds")).toBe("600");
    act(() => choices[0]?.click());
  });

  it("takes as much room as it is given: a lane for each sort, a line, or none; and remembers", () => {
    show(5);
    const at = (store.state.value.snapshot?.taken_at ?? 0) - 2;
    told({ at, kind: "born" }, { at, kind: "oom" }, { at, kind: "created", path: "/a" });
    const less = one(`[aria-label="Less of the timeline"]`);
    const more = one(`[aria-label="More of the timeline"]`);
    expect(more.getAttribute("aria-disabled")).toBe("true");
    expect(all(".tl-mark").map((mark) => mark.dataset.lane)).toEqual(["file", "limit", "process"]);
    act(() => less.click());
    expect(all(".tl-mark").map((mark) => [mark.dataset.lane, mark.textContent])).toEqual([["limit", "!"]]);
    act(() => less.click());
    expect(all("[role=slider]")).toHaveLength(0);
    expect(localStorage.getItem("terrarium.timeline.size")).toBe('"bar"');
    act(() => more.click());
    act(() => more.click());
    expect(all("[role=slider]")).toHaveLength(1);
  });
});

describe("where an event is seen", () => {
  it("is a row that there is, for a namespace too, which the matrix has by kind", () => {
    show(20);
    const { panel, thing } = placeOf({ seq: 1, at: 1, kind: "namespace", namespace: "net:[4026532999]" });
    expect(one(`[data-panel="${panel}"] [data-thing="${thing}"]`).textContent).toContain("net");
  });
});

describe("keys", () => {
  it("pause, step and go back to live wherever the focus is", () => {
    show(20);
    press(document.body, " ");
    expect(store.cursor.value).not.toBeNull();
    press(document.body, "T");
    expect(store.cursor.value?.at).toBe(store.moments.at(-2)?.at);
    press(document.body, "t");
    press(document.body, "l");
    expect(store.cursor.value).toBeNull();
    press(document.body, "p");
    press(document.body, "Escape");
    expect(store.cursor.value).toBeNull();
  });

  it("leave a terminal, a field and a control to themselves", () => {
    show(20);
    for (const [markup, key] of [
      ['<div class="xterm"><textarea></textarea></div>', "p"],
      ["<input>", "p"],
      ["<select></select>", "t"],
      ["<button></button>", " "],
    ] as const) {
      const place = document.createElement("div");
      place.innerHTML = markup;
      root.append(place);
      press(place.querySelector("textarea, input, select, button") ?? place, key);
      expect([markup, store.cursor.value]).toEqual([markup, null]);
      place.remove();
    }
    press(document.body, "p", { ctrlKey: true });
    expect(store.cursor.value).toBeNull();
  });

  it("do not take Escape from a panel that is open full width", () => {
    show(20);
    act(() => store.pause());
    act(() => one('[data-panel="overlay"] .panel-full').click());
    press(document.body, "Escape");
    expect(one('[data-panel="overlay"]').dataset.full).toBeUndefined();
  });
});

describe("what happened", () => {
  const open = (): void => {
    act(() => one(".tl-list").click());
  };

  it("is a list, newest first, in sentences", () => {
    show(20);
    told(
      { pid: 48260, ns_pid: 7, comm: "ls" },
      { kind: "died", pid: 48260, ns_pid: 7, comm: "ls", code: 2, seconds: 0.003, short: true },
    );
    open();
    expect(
      all(".happened-list li").map((item) => item.textContent?.replace(/^\S+?:/, "").replace(/^[\d:]+/, "")),
    ).toEqual([
      "−ended: ls (PID 7 here, 48260 on the host) ended with exit code 2. It lived 3 ms: no sample saw it.",
      "+born: ls (PID 7 here, 48260 on the host) was born.",
    ]);
    expect(one(".tl-list").getAttribute("aria-expanded")).toBe("true");
    expect(text(".proc-brief")).toContain("ls (PID 7 here, 48260 on the host), 3 ms");
  });

  it("is explained when it is nothing", () => {
    show(5);
    open();
    expect(text(".happened .empty")).toContain("Type something in the terminal");
  });

  it("confesses what cannot be heard on this host", () => {
    const inotify = "EMFILE: too many open files (inotify): changes are told from one walk to the next";
    show(5);
    open();
    expect(root.querySelector(".happened-deaf")).toBeNull();
    act(() =>
      store.apply({
        re: "patch",
        seq: (messages[4] as { seq: number }).seq + 1,
        patch: { gaps: { "events.overlay": inotify, "container.x": "a figure's own" } },
      }),
    );
    expect(text(".happened-deaf")).toContain("No more directories can be watched on this host (EMFILE).");
    expect(text(".happened-deaf")).not.toContain("figure");
  });

  it("can be filtered by lane and by kind", () => {
    show(20);
    told({ comm: "ls" }, { kind: "created", path: "/a" }, { kind: "whiteout", path: "/b" });
    open();
    const select = one(".happened select") as HTMLSelectElement;
    const choose = (value: string): void => {
      act(() => {
        select.value = value;
        select.dispatchEvent(new window.Event("change", { bubbles: true }));
      });
    };
    choose("file");
    expect(all(".happened-list li")).toHaveLength(2);
    choose("whiteout");
    expect(text(".happened-list")).toContain("/b was deleted");
    choose("oom");
    expect(text(".happened .empty")).toBe("None of this kind.");
  });

  it("leads to the moment and to the thing, and opens its panel", () => {
    show(30);
    const at = store.moments[10]?.at ?? 0;
    told({ at, kind: "mounted", path: "/mnt", type: "tmpfs" });
    expect(root.querySelector("#panel-mounts")?.hasAttribute("hidden")).toBe(true);
    open();
    act(() => one(".happened-list button").click());
    expect(store.cursor.value?.at).toBe(at);
    expect(one("#panel-mounts").hasAttribute("hidden")).toBe(false);
  });

  it("tells what is later than the moment shown", () => {
    show(30);
    told({ comm: "ls" });
    act(() => store.seek(store.moments[3]?.at ?? 0));
    open();
    expect(one(".happened-list li").dataset.later).toBe("true");
  });

  it("is said aloud when it matters, and then once in a while", () => {
    show(20);
    const live = one(".panels > [role=status]");
    told({ comm: "ls" }, { seq: 2, kind: "created", path: "/a" });
    expect(live.textContent).toBe("");
    const at = store.state.value.snapshot?.taken_at ?? 0;
    told({ seq: 10, at, kind: "refused-fork", count: 3 });
    expect(live.textContent).toContain("3 forks were refused");
    told({ seq: 11, at: at + 1, kind: "refused-fork", count: 99 });
    expect(live.textContent).toContain("3 forks were refused");
    told({ seq: 12, at: at + 2, kind: "frozen" });
    expect(live.textContent).toContain("Frozen");
  });

  it("is not said aloud when it is old news", () => {
    show(3);
    told({ seq: 1, at: store.since - 60, kind: "oom", comm: "hog", pid: 5 });
    expect(one(".panels > [role=status]").textContent).toBe("");
  });

  it.each(["en", "zh-hans"] as const)("has a sentence for every kind, in %s", (language) => {
    setLanguage(language);
    const whole = {
      pid: 9,
      ns_pid: 2,
      comm: "sh",
      code: 1,
      seconds: 2,
      namespace: "net:[1]",
      was: "net:[2]",
      path: "/a",
      to: "/b",
    };
    const more = {
      type: "tmpfs",
      bytes: 4096,
      limit_bytes: 8192,
      limit_at: "/x",
      limit: 4,
      count: 2,
      reason: "memory 1 → 2",
    };
    for (const kind of KINDS) {
      for (const event of [
        { seq: 1, at: 1, kind, ...whole, ...more },
        { seq: 1, at: 1, kind },
      ]) {
        const words = eventWords(event);
        expect(words).not.toMatch(/undefined|null|NaN|\{\w+\}/);
        expect(words).toMatch(language === "en" ? /[.:]$/ : /[。：]$/);
      }
    }
    expect(new Set(Object.keys(LETTERS)).size).toBe(21);
  });

  it("writes out what a name could act with", () => {
    expect(eventWords({ seq: 1, at: 1, kind: "created", path: "/a\u202eb\n" })).toContain("/a\\u202eb\\n");
  });
});

describe("the strip of panels", () => {
  it("is one stop of the Tab key, walked by arrow keys", () => {
    show(5);
    const tabs = all(".strip-tab");
    expect(tabs.length).toBeGreaterThanOrEqual(4);
    expect(tabs.filter((tab) => tab.tabIndex === 0)).toHaveLength(1);
    act(() => tabs[0]?.focus());
    press(one(".strip"), "ArrowRight");
    expect(document.activeElement).toBe(tabs[1]);
    press(one(".strip"), "End");
    expect(document.activeElement).toBe(tabs.at(-1));
    press(one(".strip"), "ArrowRight");
    expect(document.activeElement).toBe(tabs[0]);
  });

  it("opens its panel and goes there; a folded panel has no body", () => {
    show(5);
    const last = all(".strip-tab").at(-1);
    const name = last?.dataset.name ?? "";
    expect(one(`#panel-${name}`).childElementCount).toBe(0);
    act(() => last?.click());
    expect(one(`#panel-${name}`).childElementCount).toBeGreaterThan(0);
    expect(document.activeElement?.closest("[data-panel]")?.getAttribute("data-panel")).toBe(name);
  });
});
