import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setLanguage } from "../../i18n/index";
import type { Mount, Seccomp, Walls } from "../../protocol/generated";
import type { LiveMessage } from "../../protocol/live";
import recording from "../../state/fixtures/session.json";
import { LiveStore } from "../../state/live";
import type { Calls } from "../context";
import { Panels, type PanelsProps } from "../panels";
import { lessonFor } from "../teach";
import { whyAbsent } from "./device_reasons";
import { wouldShow } from "./hidden_paths";
import { isIdentity, LAST_ID, places, stretches, translate } from "./id_map";
import { propagations } from "./propagation";
import { found, named, verdictOf } from "./seccomp_rules";

const messages = recording.messages as unknown as LiveMessage[];
const NASTY = "<img src=x>\u001b[2J\u202e";
const SAFE = "<img src=x>\\x1b[2J\\u202e";

const mount = (point: string, purpose: Mount["purpose"], more: Partial<Mount> = {}): Mount => ({
  parent: 1,
  device: "0:61",
  root: "/",
  point,
  options: "rw,nosuid",
  propagation: "private",
  fstype: "tmpfs",
  source: "tmpfs",
  super_options: "rw",
  purpose,
  ...more,
});
const char = (major: number, minor: number, bound = false) =>
  ({ type: "char", major, minor, mode: 0o666, bound }) as const;

const WALLS: Walls = {
  mounts: {
    container: {
      "500": mount("/", "root", { fstype: "overlay", source: "overlay" }),
      "501": mount("/proc", "api", { fstype: "proc" }),
      "502": mount("/proc/kcore", "masked"),
      "503": mount(`/mnt/${NASTY}`, ""),
    },
    host: { "25": mount("/", "root", { fstype: "ext4", propagation: "shared:1 master:3" }) },
    host_total: 41,
  },
  devices: {
    container: {
      null: char(1, 3, true),
      stdin: { type: "symlink", mode: 0o777, target: "/proc/self/fd/0", bound: false },
      [NASTY]: char(9, 9),
    },
    host: {
      null: char(1, 3),
      sda: { type: "block", major: 8, minor: 0, mode: 0o660, bound: false },
      kmsg: char(1, 11),
      mem: char(1, 1),
    },
  },
  identity: {
    uid_map: [{ inside: 0, outside: 1_000_000, count: 65_536 }],
    gid_map: [{ inside: 0, outside: 1_000_000, count: 65_536 }],
    capabilities: {
      effective: ["CAP_CHOWN", "CAP_KILL"],
      permitted: ["CAP_CHOWN"],
      bounding: [],
      inheritable: [],
      ambient: [],
    },
    no_new_privs: true,
    seccomp: 2,
    seccomp_filters: 1,
    lsms: ["yama"],
    masked: ["/proc/kcore"],
    readonly: ["/proc/sys"],
  },
  network: {
    container: {
      interfaces: { lo: { index: 1, kind: "loopback", state: "up", mtu: 65_536, addresses: ["127.0.0.1/8"] } },
      routes: [],
      listening: [{ protocol: "tcp", address: "0.0.0.0", port: 8080, pid: 48_213 }],
    },
    host: {
      interfaces: { eth0: { index: 2, kind: "ether", state: "up", mtu: 1500, addresses: [] } },
      routes: [],
      listening: [],
    },
  },
};

const PROFILE: Seccomp = {
  default_action: "SCMP_ACT_ERRNO",
  default_errno: "ENOSYS",
  architectures: ["SCMP_ARCH_X86_64"],
  rules: [
    { names: ["read", "write"], action: "SCMP_ACT_ALLOW", args: [] },
    { names: ["mount", "umount2"], action: "SCMP_ACT_ERRNO", errno: "EPERM", args: [] },
    { names: ["clone"], action: "SCMP_ACT_ALLOW", args: ["arg0 & 0x7e020000 == 0"] },
  ],
};

let root: HTMLElement;
let store: LiveStore;

beforeEach(() => {
  setLanguage("en");
  localStorage.clear();
  for (const name of ["mounts", "devices", "identity", "network"]) localStorage.setItem(`terrarium.panel.${name}`, "1");
  root = document.createElement("div");
  document.body.append(root);
  store = new LiveStore();
  for (const message of messages.slice(0, 5)) store.apply(message);
});

afterEach(() => {
  act(() => render(null, root));
  root.remove();
});

function show(walls: Walls | null = WALLS, props: Partial<PanelsProps> = {}): void {
  if (walls) store.patch({ walls });
  act(() => render(<Panels store={store} source={vi.fn()} {...props} />, root));
}
const panel = (name: string): HTMLElement => {
  const it = root.querySelector<HTMLElement>(`#panel-${name}`);
  if (!it) throw new Error(`no panel ${name}`);
  return it;
};
const said = (element: Element | null | undefined): string => element?.textContent?.replace(/\s+/g, " ").trim() ?? "";
const type = (input: Element | null, value: string): void => {
  act(() => {
    (input as HTMLInputElement).value = value;
    input?.dispatchEvent(new Event("input", { bubbles: true }));
  });
};

describe("walls that are not there", () => {
  it("are waited for, or have a reason", () => {
    show(null);
    expect(said(panel("mounts"))).toContain("Not read yet");
    act(() => store.patch({ gaps: { "walls.network": "it is in the host's own network namespace" } }));
    expect(said(panel("network"))).toContain("the host’s own network namespace");
  });
});

describe("mounts", () => {
  it("stand by purpose, with what a masked path would show, and propagation in words", () => {
    show();
    const text = said(panel("mounts"));
    expect(text).toContain("would show: the machine’s whole memory, as one file");
    expect(text).toContain("1 of 41 mounts of the host");
    expect(text).toContain("It has peers");
    expect(panel("mounts").querySelectorAll(".mt-prop").length).toBeGreaterThan(4);
  });

  it("are found by a filter, and a hostile mount point stays text", () => {
    show();
    expect(panel("mounts").querySelector("img")).toBeNull();
    type(panel("mounts").querySelector("input"), "IMG");
    const paths = [...panel("mounts").querySelectorAll(".mt-path")].map(said);
    expect(paths).toEqual([`/mnt/${SAFE}`]);
    type(panel("mounts").querySelector("input"), "nothing like it");
    expect(said(panel("mounts"))).toContain("No mount has “nothing like it” in it");
  });

  it("lead from the root to its layers", () => {
    show();
    localStorage.setItem("terrarium.panel.overlay", "0");
    const way = panel("mounts").querySelector<HTMLElement>(".mt-row button");
    expect(said(way)).toBe("its layers →");
    act(() => way?.click());
    expect(panel("overlay").hidden).toBe(false);
  });

  it("tell propagation as the kernel writes it", () => {
    expect(propagations("shared:3 master:1").map(({ word }) => word)).toEqual(["mt.prop_shared", "mt.prop_master"]);
    expect(propagations("private").map(({ word }) => word)).toEqual(["mt.prop_private"]);
    expect(propagations("").map(({ raw }) => raw)).toEqual(["private"]);
    expect(propagations("master:2 propagate_from:1")).toHaveLength(1);
  });
});

describe("devices", () => {
  it("are compared, and the container has no disk", () => {
    show();
    expect(said(panel("devices").querySelector(".dv-lesson"))).toContain("the container has no disk");
    const missing = said(panel("devices").querySelector(".dv-missing"));
    for (const words of ["Disks and partitions", "sda", "Kernel log", "kmsg", "Memory and ports"]) {
      expect(missing).toContain(words);
    }
    expect(said(panel("devices").querySelector('[data-thing="device:null"]'))).toContain("c 1:3");
    expect(said(panel("devices").querySelector('[data-thing="device:stdin"]'))).toContain("a link to /proc/self/fd/0");
  });

  it("that nobody put there are told apart, with their name made safe", () => {
    show();
    expect(said(panel("devices"))).toContain(SAFE);
    expect(said(panel("devices"))).toContain("Not there from the beginning");
    expect(panel("devices").querySelector("img")).toBeNull();
  });

  it("are kept out for a reason each", () => {
    const node = char(1, 1);
    expect(whyAbsent("whatever", { ...node, type: "block" })).toBe("disk");
    expect(
      ["mem", "kmsg", "kvm", "fuse", "net/tun", "tty7", "input/event0", "cpu/0/msr", "cpu_dma_latency", "odd"].map(
        (name) => whyAbsent(name, node),
      ),
    ).toEqual(["mem", "kmsg", "vm", "mount", "net", "tty", "human", "cpu", "clock", "other"]);
  });
});

describe("identity", () => {
  it("draws the map, and translates an id typed on either side", () => {
    show();
    const [inside, outside] = panel("identity").querySelectorAll<HTMLInputElement>(".id-translator input");
    expect(outside?.value).toBe("1000000");
    type(inside ?? null, "1000");
    expect(said(panel("identity").querySelector(".id-translator p"))).toBe("1000 inside is 1001000 on the host.");
    type(outside ?? null, "0");
    expect(said(panel("identity").querySelector(".id-translator p"))).toContain("it shows as 65534 (nobody)");
    expect(inside?.value).toBe("");
    type(inside ?? null, "70000");
    expect(said(panel("identity").querySelector(".id-translator p"))).toContain("chown to it fails with EINVAL");
  });

  it("tells the capabilities held and not held, and finds them by what they allow", () => {
    show();
    expect(said(panel("identity").querySelector(".id-list.held"))).toContain("CAP_CHOWN give files to another owner");
    expect(said(panel("identity"))).toContain("Held: 2 of 41");
    expect(said(panel("identity"))).toContain("Not held: 39");
    type(panel("identity").querySelector('[aria-label="Find a capability"]'), "reboot");
    expect([...panel("identity").querySelectorAll(".id-caps .id-list code")].map(said)).toEqual(["CAP_SYS_BOOT"]);
  });

  it("says what else holds it, in words", () => {
    show();
    const text = said(panel("identity"));
    expect(text).toContain("On: no program here can gain rights by exec");
    expect(text).toContain("Filter: 1 program decides");
    expect(text).toContain("No module labels this process. This kernel runs: yama.");
    expect(text).toContain("would change: the kernel’s settings");
  });

  it("looks a system call up in the profile, read when it is opened", async () => {
    const seccomp = vi.fn(async () => PROFILE);
    show(WALLS, { calls: { seccomp } as unknown as Calls });
    expect(seccomp).not.toHaveBeenCalled();
    const details = panel("identity").querySelector<HTMLDetailsElement>(".sc");
    act(() => {
      if (details) details.open = true;
      details?.dispatchEvent(new Event("toggle"));
    });
    await act(async () => undefined);
    const search = panel("identity").querySelector('[aria-label="Look up a system call"]');
    const first = () => said(panel("identity").querySelector(".sc-first"));
    type(search, "mount");
    expect(first()).toBe("mount → refused with EPERM");
    type(search, "read");
    expect(first()).toBe("read → allowed");
    type(search, "clone");
    expect(first()).toBe("clone → allowed when arg0 & 0x7e020000 == 0; refused with ENOSYS otherwise");
    type(search, NASTY);
    expect(first()).toContain(`No rule has “${SAFE}” in it`);
    expect(first()).toContain("refused with ENOSYS");
    expect(seccomp).toHaveBeenCalledTimes(1);
  });

  it("does the arithmetic of nested and empty maps", () => {
    const map = [
      { inside: 0, outside: 500, count: 10 },
      { inside: 20, outside: 100, count: 5 },
    ];
    expect(translate(map, 22, "inside")).toBe(102);
    expect(translate(map, 505, "outside")).toBe(5);
    expect(translate(map, 15, "inside")).toBeNull();
    expect(stretches(map, "outside").map(({ from, to, range }) => [from, to, range])).toEqual([
      [0, 99, null],
      [100, 104, 1],
      [105, 499, null],
      [500, 509, 0],
      [510, LAST_ID, null],
    ]);
    expect(stretches([], "inside")).toEqual([{ from: 0, to: LAST_ID, range: null }]);
    const widths = places(stretches(map, "inside"));
    expect(widths.at(-1)).toMatchObject({ left: expect.closeTo(100 - (widths.at(-1)?.width ?? 0)) });
    expect(isIdentity([{ inside: 0, outside: 0, count: 4_294_967_295 }])).toBe(true);
  });

  it("knows what paths hide, and only those of /proc and /sys", () => {
    expect(wouldShow("/sys/devices/system/cpu/cpu0/thermal_throttle")).toContain("how hot");
    expect(wouldShow("/home/kcore")).toBeNull();
    expect(wouldShow("/proc/unheard-of")).toBeNull();
  });
});

describe("the profile's rules", () => {
  it("let a rule without conditions settle it", () => {
    expect(verdictOf(PROFILE, "write").outcomes).toHaveLength(1);
    expect(verdictOf(PROFILE, "no_such").unlisted).toBe(true);
    expect(verdictOf({ ...PROFILE, default_action: "SCMP_ACT_KILL_PROCESS" }, "x").outcomes[0]?.words).toBe(
      "ends the process",
    );
    expect(named(PROFILE)).toEqual(["clone", "mount", "read", "umount2", "write"]);
    expect(found(named(PROFILE), "mount")).toEqual(["mount", "umount2"]);
  });
});

describe("network", () => {
  it("teaches what it is to have none", () => {
    show();
    const text = said(panel("network"));
    expect(text).toContain("There is only lo here");
    expect(text).toContain("No route: the kernel knows no way");
    expect(text).toContain("The host’s, which nobody in here can see");
  });

  it("leads from a socket to its process", () => {
    show();
    const owner = panel("network").querySelector<HTMLElement>(".nw-plain button");
    expect(said(panel("network"))).toContain("tcp port 8080 on every address");
    expect(said(owner)).toBe("by PID 1 (bash)");
    act(() => owner?.click());
    expect(root.querySelector('[data-side="host"][data-key="48213"]')?.getAttribute("data-hot")).toBe("true");
  });

  it("joins both ends of a cable", () => {
    const walls = structuredClone(WALLS);
    if (!walls.network) throw new Error("no network");
    walls.network.container.interfaces.eth0 = {
      index: 5,
      kind: "veth",
      state: "up",
      mtu: 1500,
      addresses: ["10.0.0.2/24"],
      peer_index: 6,
      peer_name: "vethab",
    };
    walls.network.host.interfaces.vethab = {
      index: 6,
      kind: "veth",
      state: "up",
      mtu: 1500,
      addresses: [],
      peer_index: 5,
    };
    show(walls);
    expect(said(panel("network").querySelector(".nw-pair"))).toContain(
      "eth0 inside and vethab on the host are the two ends",
    );
    expect(said(panel("network"))).not.toContain("There is only lo here");
  });
});

describe("show me", () => {
  it.each([
    ["mounts", "mountinfo"],
    ["devices", "dev"],
    ["identity", "uid_map"],
    ["identity", "gid_map"],
    ["identity", "status"],
    ["identity", "attr/current"],
    ["identity", "seccomp"],
    ["network", "dev"],
    ["network", "route"],
    ["network", "links"],
    ["network", "sockets"],
  ] as const)("has a sentence for %s %s", (name, key) => {
    const question = { panel: name, key, title: key, side: "host", sides: ["host"] } as const;
    expect(lessonFor(question, null)?.words.length).toBeGreaterThan(20);
  });
});

it("speaks Chinese, with no hole left", () => {
  setLanguage("zh-hans");
  show();
  for (const name of ["mounts", "devices", "identity", "network"]) {
    expect(said(panel(name))).not.toMatch(/undefined|NaN|\[object|\{\w+\}/);
  }
  expect(said(panel("network"))).toContain("没有网络");
});
