import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setLanguage } from "../../i18n/index";
import type { NamespaceGraph, Process, Snapshot } from "../../protocol/generated";
import type { LiveMessage } from "../../protocol/live";
import recording from "../../state/fixtures/session.json";
import { Link } from "../../state/link";
import { mark, NO_MARKS } from "../../state/marks";
import { hierarchy, kept, nestedSets, ownedBy, relation } from "../../state/namespaces";
import { PanelContext, type Question, type Surroundings } from "../context";
import { Namespaces } from "../namespaces";

const first = recording.messages[0] as unknown as LiveMessage;
if (first.re !== "snapshot") throw new Error("the recording begins with a snapshot");
const base = first.snapshot;
const HOST_USER = "user:[4026531837]";
const OWN_USER = base.container.namespaces.user?.id ?? "";

const process = (pid: number, inner: number, comm: string, starttime: number): Process => ({
  ...(Object.values(base.container.processes)[0] as Process),
  pid: inner,
  ns_pids: [pid, inner],
  comm,
  starttime,
});

const graph: NamespaceGraph = {
  own: {
    ...Object.fromEntries(Object.entries(base.container.namespaces).map(([kind, one]) => [kind, one.id ?? ""])),
    pid_for_children: base.container.namespaces.pid?.id ?? "",
    time_for_children: base.container.namespaces.time?.id ?? "",
  },
  differs: {
    "900": { net: "net:[4026540001]", user: "user:[4026540000]" },
    "901": { net: "net:[4026540001]", user: "user:[4026540000]" },
    "902": { pid_for_children: "" },
  },
  objects: {
    [HOST_USER]: { kind: "user", initial: true, owner_uid: 0, processes: 0, kept_by: [] },
    [OWN_USER]: { kind: "user", initial: false, parent: HOST_USER, owner_uid: 165536, processes: 0, kept_by: [] },
    "user:[4026540000]": {
      kind: "user",
      initial: false,
      parent: OWN_USER,
      owner_uid: 165536,
      processes: 2,
      first: 900,
      kept_by: [],
    },
    "net:[4026540001]": {
      kind: "net",
      initial: false,
      owner: "user:[4026540000]",
      processes: 2,
      first: 900,
      kept_by: [],
    },
    "uts:[4026540009]": {
      kind: "uts",
      initial: false,
      owner: OWN_USER,
      processes: 0,
      kept_by: [
        { how: "mount", pid: 900, path: "/run/uts" },
        { how: "fd", pid: 901, path: "/proc/901/fd/5" },
      ],
    },
  },
};

const nested: Snapshot = {
  ...base,
  graph,
  container: {
    ...base.container,
    processes: {
      ...base.container.processes,
      "900": process(900, 7, "unshare", 10),
      "901": process(901, 8, "sleep", 20),
      "902": process(902, 9, "sh", 30),
    },
  },
};

let root: HTMLElement;
let link: Link;
const showMe = vi.fn<(question: Question) => void>();

beforeEach(() => {
  setLanguage("en");
  root = document.createElement("div");
  document.body.append(root);
  link = new Link();
  showMe.mockReset();
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
});

function show(snapshot: Snapshot, marks = NO_MARKS.namespaces): void {
  const surroundings = { link, showMe, calls: null, seesHost: false } as unknown as Surroundings;
  act(() =>
    render(
      <PanelContext.Provider value={surroundings}>
        <Namespaces snapshot={snapshot} marks={marks} />
      </PanelContext.Provider>,
      root,
    ),
  );
}

const text = (selector: string): string =>
  [...root.querySelectorAll(selector)].map((one) => one.textContent?.replace(/\s+/g, " ").trim()).join(" | ");

describe("in order", () => {
  it("processes in the same namespaces are one set, the oldest names it, a zombie is in none", () => {
    const sets = nestedSets(graph, nested.container.processes);
    expect(sets.map((set) => set.pids)).toEqual([["900", "901"], ["902"]]);
    const dead = { ...nested.container.processes, "902": { ...process(902, 9, "sh", 30), state: "Z" } };
    expect(nestedSets(graph, dead)).toHaveLength(1);
  });

  it("a link is the host's, the parent's, one's own, or not there yet", () => {
    expect(relation("a", "a", "b")).toBe("initial");
    expect(relation("b", "a", "b")).toBe("shared");
    expect(relation("c", "a", "b")).toBe("own");
    expect(relation("", "a", "b")).toBe("pending");
    expect(relation(null, "a", "b")).toBe("unknown");
  });

  it("user namespaces lie in one another and own the rest", () => {
    const [top] = hierarchy(graph, "user");
    expect(top?.id).toBe(HOST_USER);
    expect(top?.children[0]?.children[0]?.id).toBe("user:[4026540000]");
    expect(ownedBy(graph, OWN_USER)).toEqual([["uts", 1]]);
    expect(kept(graph).map(([id]) => id)).toEqual(["uts:[4026540009]"]);
  });

  it("does not loop where a parent is not known or is oneself", () => {
    const odd: NamespaceGraph = {
      own: {},
      differs: {},
      objects: { "pid:[1]": { kind: "pid", initial: false, parent: "pid:[1]", processes: 0, kept_by: [] } },
    };
    expect(hierarchy(odd, "pid").map((one) => one.id)).toEqual(["pid:[1]"]);
  });
});

describe("the matrix", () => {
  it("has the eight kinds alone while nothing is known of the graph", () => {
    show({ ...base, graph: null });
    expect(root.querySelectorAll(".ns-table tbody tr")).toHaveLength(8);
    expect(root.querySelector(".ns-scroll")).toBeNull();
  });

  it("has ten links and a column for each set made inside, innermost first", () => {
    show(nested);
    expect(root.querySelectorAll(".ns-table tbody tr")).toHaveLength(10);
    const heads = [...root.querySelectorAll(".ns-table thead th")].map((head) =>
      [...head.querySelectorAll("span:not(.sign)")].map((part) => part.textContent).join(" "),
    );
    expect(heads.slice(1, 4)).toEqual([
      "made inside PID 7 unshare and 1 more",
      "made inside PID 9 sh",
      "Container PID 1",
    ]);
  });

  it("tells own, shared and the host's by class and by word", () => {
    show(nested);
    const row = root.querySelector('[data-thing="namespace:net"]');
    const cells = [...(row?.querySelectorAll(".ns-nested") ?? [])];
    expect(cells.map((cell) => cell.className.match(/is-\w+/)?.[0])).toEqual(["is-own", "is-shared"]);
    expect(cells.map((cell) => cell.querySelector(".ns-word")?.textContent)).toEqual(["own", "same as PID 1"]);
    expect(text('[data-thing="namespace:time"] .ns-nested .ns-word')).toContain("same as host");
    expect(cells[0]?.querySelector(".inode")?.textContent).toBe("net:[4026540001]");
  });

  it("makes a lesson of ENOENT", () => {
    show(nested);
    expect(text('[data-thing="namespace:pid_for_children"] .is-pending')).toContain("ENOENT");
    expect(text(".ns-lesson")).toContain("its first child, which will be its PID 1");
  });

  it("asks for the link of the very process", () => {
    show(nested);
    root.querySelector<HTMLButtonElement>('[data-thing="namespace:net"] .is-own .ask')?.click();
    expect(showMe).toHaveBeenCalledWith(expect.objectContaining({ key: "900/net", side: "container" }));
  });

  it("marks what is new and says who is in it", () => {
    const before = { ...nested, graph: { ...graph, objects: { [HOST_USER]: graph.objects[HOST_USER] as never } } };
    const marks = mark(NO_MARKS, before, nested, 1).namespaces;
    show(nested, marks);
    expect(marks.signs.get("net:[4026540001]")).toBe("+");
    expect(text(".ns-made")).toContain("PID 7 unshare is the first in");
  });
});

describe("beside it", () => {
  it("says what keeps a namespace that nobody is in", () => {
    show(nested);
    expect(text(".ns-kept li")).toBe(
      "uts:[4026540009] held by a mount at /run/uts, in the mount table of PID 7 unshare, and held open by PID 8 sleep, as /proc/901/fd/5",
    );
  });

  it("draws who owns whom", () => {
    show(nested);
    expect(text(".ns-tree .ns-node")).toContain("made insidemade by uid 165536 of the hostowns net");
  });

  it("tells where a process is, by number or by pointing", () => {
    show(nested);
    const field = root.querySelector<HTMLInputElement>("#ns-pid");
    if (!field) throw new Error("no field");
    const ask = (value: string): void => {
      act(() => {
        field.value = value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      });
    };
    ask("8");
    expect(text(".ns-answer")).toBe("PID 8 sleep differs from PID 1 in net:[4026540001] user:[4026540000].");
    expect(text(".ns-command code")).toBe("ls -l /proc/8/ns");
    ask("9");
    expect(text(".ns-answer")).toContain("pid_for_children (ENOENT)");
    ask("77");
    expect(text(".ns-answer")).toContain("There is no PID 77");
    ask("");
    act(() => link.point(`process:${Object.keys(base.container.processes)[0]}`));
    expect(text(".ns-answer")).toContain("in the same namespaces as PID 1");
  });

  it("says the same in Chinese", () => {
    setLanguage("zh-hans");
    show(nested);
    expect(root.textContent).toContain("里面没有进程，却还在");
    expect(root.textContent).not.toMatch(/undefined|\{\w+\}/);
  });
});
