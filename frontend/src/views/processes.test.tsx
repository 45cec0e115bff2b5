import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it, vi } from "vitest";
import { all, one, press, root, settle, text, useStage } from "../../tests/support/stage";
import { setLanguage } from "../i18n/index";
import { ApiError } from "../protocol/api";
import type { HostView, Process, ProcessDetail, Snapshot } from "../protocol/generated";
import type { LiveMessage } from "../protocol/live";
import recording from "../state/fixtures/session.json";
import { LiveStore } from "../state/live";
import { ordered, rows } from "../state/tree";
import type { Calls } from "./context";
import { Panels, type PanelsProps } from "./panels";

const first = (recording.messages[0] as unknown as Extract<LiveMessage, { re: "snapshot" }>).snapshot;
const INIT = first.info.pid ?? 0;

let store: LiveStore;

useStage();

beforeEach(() => {
  store = new LiveStore(null, () => 1_000);
});

function child(pid: number, inner: number, more: Partial<Process> = {}): Snapshot["container"]["processes"][string] {
  const base = {
    comm: "sleep",
    cmdline: ["sleep", String(inner)],
    state: "S",
    threads: 1,
    starttime: 9_000_000 + inner,
  };
  return { ...base, pid: inner, ns_pids: [pid, inner], ppid: 1, uid: 0, role: "", ...more };
}

/** The recording's first picture with `count` more processes, each with what it used. */
function crowd(count: number, more: Partial<Process> = {}): Snapshot {
  const snapshot = structuredClone(first);
  snapshot.usage = { [INIT]: { cpu_usec: 20_000, rss_bytes: 4_194_304 } };
  for (let index = 0; index < count; index++) {
    const [pid, inner] = [60_000 + index, 100 + index];
    const inside = child(pid, inner, more);
    snapshot.container.processes[pid] = inside;
    snapshot.host.processes[pid] = { ...inside, pid, ppid: INIT, uid: 1_000_000 };
    snapshot.usage[pid] = { cpu_usec: 10_000 * index, rss_bytes: 1_048_576 * (index + 1) };
  }
  return snapshot;
}

const CALLS: Calls = {
  process: async () => DETAIL,
  file: () => Promise.reject(new Error("not asked")),
  provenance: () => Promise.reject(new Error("not asked")),
  seccomp: () => Promise.reject(new Error("not asked")),
  freeze: async () => undefined,
  setLimits: async () => undefined,
  save: async () => undefined,
  host: async () => HOST,
};

const DETAIL: ProcessDetail = {
  pid: INIT,
  ns_pids: [INIT, 1],
  comm: "bash",
  state: "S",
  role: "init",
  started_at: 1_763_999_960,
  cmdline: ["bash"],
  exe: "/usr/bin/bash",
  cwd: "/root",
  uids: [1_000_000, 1_000_000, 1_000_000, 1_000_000],
  uids_inside: [0, 0, 0, 0],
  gids: [1_000_000, 1_000_005, 1_000_000, 1_000_000],
  gids_inside: [0, 5, 0, null],
  threads: [
    { tid: INIT, ns_tid: 1, comm: "bash", state: "S", cpu_usec: 20_000 },
    { tid: INIT + 1, ns_tid: 2, comm: "worker", state: "S", cpu_usec: 0 },
  ],
  namespaces: { mnt: "mnt:[4026532418]", pid_for_children: "pid:[4026532421]" },
  cgroups: { memory: "/terrarium/x" },
  capabilities: { effective: ["CAP_CHOWN"], ambient: [] },
  oom_score: 667,
  oom_score_adj: 0,
};

const HOST: HostView = {
  totals: { processes: 214, threads: 480, containers: 3, mounts: 61, namespaces: { mnt: 12, pid: 4 } },
  processes: { 1: { ...child(1, 1), pid: 1, ppid: 0, comm: "systemd", cmdline: ["/sbin/init"] } },
  usage: { 1: { cpu_usec: 1_000_000, rss_bytes: 9_000_000 } },
  mounts: {},
  complete: true,
};

function show(snapshot: Snapshot, props: Partial<PanelsProps> = {}): void {
  store.snapshot(snapshot);
  act(() => render(<Panels store={store} source={() => Promise.reject(new Error("not asked"))} {...props} />, root));
}

const row = (side: string, key: number): HTMLElement => one(`[data-side="${side}"][data-key="${key}"]`);

describe("a process's figures", () => {
  it("are its share of a core, its memory and its threads", () => {
    show(crowd(2, { threads: 3 }));
    act(() => store.patch({ monotonic: first.monotonic + 1, usage: { 60000: { cpu_usec: 330_000 } } }));
    const cells = [...row("container", 60_000).querySelectorAll(".proc-figures [role=gridcell]")];
    expect(cells.map((cell) => cell.textContent)).toEqual(["33 %", "1 MiB", "3"]);
    expect(cells[0]?.getAttribute("title")).toContain("330 ms in all");
    expect(row("container", INIT).textContent).toContain("0 %");
    expect(root.querySelector('[data-side="host"] .proc-figures')).toBeNull();
  });

  it("tell the numbers of PID namespaces further in", () => {
    const snapshot = crowd(1);
    for (const side of ["container", "host"] as const) {
      const process = snapshot[side].processes[60_000];
      if (process) process.ns_pids = [60_000, 100, 7, 1];
    }
    const init = snapshot.host.processes[INIT];
    if (init) init.ns_pids = [INIT, 1];
    show(snapshot);
    expect(row("host", 60_000).textContent).toContain("7 › 1 further in");
    expect(row("container", INIT).textContent).not.toContain("further in");
  });

  it("put the rows in order", () => {
    const { container, host, usage } = crowd(3);
    const tree = rows(container.processes, host.processes, []);
    const rates = new Map([["60001", 0.5]]);
    const inside = (order: Parameters<typeof ordered>[1]) =>
      ordered(tree, order, { rates, usage }).flatMap((one) => (one.inside ? [one.key] : []));
    expect(ordered(tree, "tree", { rates, usage })).toBe(tree);
    expect(inside("cpu")[0]).toBe("60001");
    expect(inside("memory").slice(0, 2)).toEqual([String(INIT), "60002"]);
    expect(inside("newest")).toEqual(["60002", "60001", "60000", String(INIT)]);
  });
});

describe("very many processes", () => {
  it("are drawn only as far as they are in sight", () => {
    show(crowd(900));
    const drawn = all("[data-side=container][data-key]");
    expect(drawn.length).toBeLessThan(60);
    expect(one('.world-container[role="treegrid"]').getAttribute("aria-rowcount")).toBe(String(902 + hostOnly()));
    expect(row("container", 60_000).getAttribute("aria-setsize")).toBe("-1");
    expect(Number(row("container", 60_001).getAttribute("aria-rowindex"))).toBeGreaterThan(2);
  });

  it("are not drawn anew when one is born that is out of sight", async () => {
    show(crowd(900));
    const records: MutationRecord[] = [];
    const observer = new MutationObserver((found) => records.push(...found));
    observer.observe(one(".proc-grid"), { subtree: true, childList: true, attributes: true, characterData: true });
    const inside = child(70_000, 5000);
    act(() =>
      store.patch({
        monotonic: first.monotonic + 1,
        container: { processes: { 70000: inside } },
        host: { processes: { 70000: { ...inside, pid: 70_000, ppid: INIT } } },
      }),
    );
    await settle();
    const touched = records
      .concat(observer.takeRecords())
      .filter((record) => (record.target as Element).closest?.(".proc-row"));
    expect(touched).toEqual([]);
    observer.disconnect();
  });

  it("are reached to the last by keyboard", () => {
    show(crowd(900));
    const grid = one(".proc-grid");
    Object.defineProperty(grid, "clientHeight", { value: 400 });
    act(() => row("container", INIT).focus());
    press(row("container", INIT), "End");
    expect(document.activeElement).toBe(row("container", 60_899));
    press(row("container", 60_899), "ArrowUp");
    expect(document.activeElement).toBe(row("container", 60_898));
    press(row("container", 60_898), "Home");
    expect(document.activeElement).toBe(row("container", INIT));
  });
});

const hostOnly = (): number =>
  Object.keys(first.host.processes).filter((key) => !(key in first.container.processes)).length;

describe("the way down from the host's first process", () => {
  it("says what each is there for, and that runc is gone", () => {
    show(crowd(0));
    const names = all(".chain li").map((item) => item.querySelector("code")?.textContent);
    expect(names).toContain("runc");
    expect(names.at(-1)).toBe("bash");
    expect(text(".chain")).toContain("What containerd-shim is to Docker");
    expect(text(".chain")).toContain(`PID ${INIT}, inside PID 1`);
    setLanguage("zh-hans");
    act(() => render(null, root));
    show(crowd(0));
    expect(text(".chain")).toContain("相当于 Docker 的 containerd-shim");
  });
});

describe("one process closely", () => {
  it("opens by Enter, tells each number twice, closes by Escape and gives the focus back", async () => {
    const process = vi.fn(CALLS.process);
    show(crowd(1), { calls: { ...CALLS, process } });
    act(() => row("host", INIT).focus());
    press(row("host", INIT), "Enter");
    await settle();
    expect(process).toHaveBeenCalledWith(INIT);
    expect(text("dialog h2")).toBe(`bash: PID 1 inside, ${INIT} outside`);
    const ids = all(".peek section:nth-of-type(1) tbody tr").map((line) =>
      [...line.children].map((cell) => cell.textContent),
    );
    expect(ids).toEqual([
      ["uid, real", "0", "1000000"],
      ["gid, real", "0", "1000000"],
      ["gid, effective", "5", "1000005"],
      ["gid, saved", "0", "1000000"],
      ["gid, file system", "not mapped", "1000000"],
    ]);
    expect(text(".peek")).toContain("Threads (2)");
    expect(text(".peek")).toContain("chown");
    expect(text(".peek")).toContain("667, adjusted by 0");
    act(() => {
      one("dialog").dispatchEvent(new window.Event("cancel", { cancelable: true }));
    });
    expect(root.querySelector("dialog")).toBeNull();
    expect(document.activeElement).toBe(row("host", INIT));
  });

  it("says that it has ended meanwhile, and asks again", async () => {
    const gone = new ApiError("not-found", "no process 9", 404);
    const process = vi.fn(CALLS.process).mockRejectedValueOnce(gone);
    show(crowd(1), { calls: { ...CALLS, process } });
    press(row("container", INIT), "Enter");
    await settle();
    expect(text("dialog [role=alert]")).toContain("it has ended");
    act(() => one("dialog [role=alert] button").click());
    await settle();
    expect(text(".peek")).toContain("/usr/bin/bash");
  });

  it("tells that it is of now while the panels show the past", async () => {
    show(crowd(1), { calls: CALLS });
    act(() => store.pause());
    press(row("container", INIT), "Enter");
    await settle();
    expect(text(".peek")).toContain("As it is now");
  });
});

describe("the whole host", () => {
  const open = async (): Promise<void> => {
    const details = one(".hosts") as HTMLDetailsElement;
    act(() => {
      details.open = true;
      details.dispatchEvent(new window.Event("toggle"));
    });
    await settle();
  };

  it("is asked for only when it is opened; without the permission it says why", async () => {
    const host = vi.fn(CALLS.host);
    show(crowd(1), { calls: { ...CALLS, host } });
    expect(host).not.toHaveBeenCalled();
    await open();
    expect(text(".hosts")).toContain("Processes: 214, threads: 480, containers: 3");
    expect(text(".hosts")).toContain("not yours to read");
    expect(root.querySelector(".hosts-switch")).toBeNull();
  });

  it("lists them with the permission, can be searched, and stops asking when it is closed", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const host = vi.fn(CALLS.host);
    show(crowd(1), { calls: { ...CALLS, host }, seesHost: true });
    await open();
    act(() => (one(".hosts-switch input") as HTMLInputElement).click());
    await settle();
    expect(all(".hosts-row").map((line) => line.textContent)).toEqual([expect.stringContaining("init")]);
    const asked = host.mock.calls.length;
    await act(async () => void (await vi.advanceTimersByTimeAsync(2_100)));
    expect(host.mock.calls.length).toBe(asked + 1);
    const find = one(".hosts-find input") as HTMLInputElement;
    act(() => {
      find.value = "nothing like it";
      find.dispatchEvent(new window.Event("input", { bubbles: true }));
    });
    expect(all(".hosts-row")).toHaveLength(0);
    act(() => {
      const details = one(".hosts") as HTMLDetailsElement;
      details.open = false;
      details.dispatchEvent(new window.Event("toggle"));
    });
    const before = host.mock.calls.length;
    await act(async () => void (await vi.advanceTimersByTimeAsync(10_000)));
    expect(host.mock.calls.length).toBe(before);
    vi.useRealTimers();
  });

  it("says what failed", async () => {
    show(crowd(1), { calls: { ...CALLS, host: () => Promise.reject(new Error("no answer")) } });
    await open();
    expect(text(".hosts [role=alert]")).toContain("no answer");
  });
});
