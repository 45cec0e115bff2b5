import { render } from "preact";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { Home } from "../src/pages/home";
import { request } from "../src/pages/launch";
import type { Boot, RestContainer } from "../src/protocol/rest";
import { Asker } from "../src/ui/dialog";

const LIMITS = { memory_bytes: 268435456, cpus: 0.5, pids: 128, disk_bytes: 134217728 };

const container = (part: Partial<RestContainer> = {}): RestContainer => ({
  id: "c1",
  name: "first",
  image: "busybox",
  command: ["sh"],
  state: "running",
  pid: 7,
  created_at: "2026-01-01T00:00:00.000Z",
  started_at: "2026-01-01T00:00:00.000Z",
  exit: null,
  limits: LIMITS,
  files_kept: true,
  frozen: false,
  terminal_url: "/ws/terminal/c1/t",
  live_url: "/ws/live/c1",
  terminals: [],
  ...part,
});

const boot = (part: Partial<Boot> = {}): Boot => ({
  page: "home",
  user: { name: "ann", is_staff: false },
  lang: "en",
  csrf: "token",
  images: [
    {
      name: "busybox",
      title: "BusyBox",
      command: ["sh"],
      layers: [{ digest: "sha256:0", title: "", size_bytes: 1 }],
      size_bytes: 2 ** 21,
      created_at: "2026-01-01T00:00:00.000Z",
    },
  ],
  containers: [],
  container: null,
  snapshot: null,
  quota: { ...LIMITS, containers: 50, containers_used: 0, defaults: LIMITS },
  urls: {},
  error: null,
  ...part,
});

let root: HTMLElement;
let answers: ((path: string, init: RequestInit) => Response | Promise<Response>)[];
const calls: string[] = [];
const assign = vi.fn();

const show = (state: Boot) =>
  render(
    <>
      <Home boot={state} />
      <Asker />
    </>,
    root,
  );

const button = (name: RegExp) =>
  [...root.querySelectorAll<HTMLElement>("button, a, [role=menuitem]")].find(
    (element) => name.test(element.getAttribute("aria-label") ?? "") || name.test(element.textContent ?? ""),
  );

beforeEach(() => {
  root = document.createElement("div");
  document.body.append(root);
  calls.length = 0;
  answers = [];
  assign.mockReset();
  vi.stubGlobal("location", { ...location, origin: "http://terrarium.test", assign, reload: vi.fn() });
  vi.stubGlobal("fetch", async (path: string, init: RequestInit) => {
    calls.push(`${init.method} ${path}`);
    const next = answers.shift();
    if (next === undefined) throw new Error(`unexpected ${init.method} ${path}`);
    return next(path, init);
  });
});

afterEach(() => {
  render(null, root);
  root.remove();
  vi.unstubAllGlobals();
});

const json = (status: number, body: unknown) => () => new Response(JSON.stringify(body), { status });

describe("the home page", () => {
  it("invites when there is nothing yet", () => {
    show(boot());
    expect(root.querySelector("h1")?.textContent).toBe("A container, seen from both sides");
    expect(root.querySelectorAll(".image-card")).toHaveLength(1);
  });

  it("launches with one click and goes to the workbench; the second click does nothing", async () => {
    answers = [json(201, container({ id: "new1" }))];
    show(boot());
    const card = root.querySelector<HTMLElement>(".image-card");
    card?.click();
    card?.click();
    await vi.waitFor(() => expect(assign).toHaveBeenCalledWith("/playground/c/new1"));
    expect(calls).toEqual(["POST /api/v1/containers"]);
    expect(card?.textContent).toContain("Starting…");
  });

  it("says why a launch was refused, and lets go of the button", async () => {
    answers = [json(403, { code: "limit-reached", message: "50 of 50", hint: "Delete one first." })];
    show(boot());
    root.querySelector<HTMLElement>(".image-card")?.click();
    await vi.waitFor(() => expect(root.querySelector("[role=alert]")?.textContent).toContain("Delete one first."));
    expect(root.querySelector(".image-card")?.getAttribute("aria-disabled")).toBe("false");
    expect(assign).not.toHaveBeenCalled();
  });

  it("lists containers with state in words and the way in", () => {
    show(
      boot({
        containers: [
          container(),
          container({ id: "c2", name: "second", state: "stopped", exit: { at: "", code: 3, oom: false } }),
        ],
      }),
    );
    const rows = [...root.querySelectorAll(".container-row")].map((row) => row.textContent ?? "");
    expect(rows[0]).toContain("Running");
    expect(rows[1]).toContain("Stopped");
    expect(rows[1]).toContain("exit code 3");
    expect(button(/^Open second$/)?.getAttribute("href")).toBe("/playground/c/c2");
  });

  it("asks before it deletes", async () => {
    HTMLDialogElement.prototype.showModal = vi.fn();
    show(boot({ containers: [container()] }));
    button(/^More for first$/)?.click();
    await vi.waitFor(() => expect(button(/^Delete…$/)).toBeDefined());
    button(/^Delete…$/)?.click();
    await vi.waitFor(() => expect(root.querySelector("dialog")?.textContent).toContain("cannot be undone"));
    expect(calls).toEqual([]);
    answers = [() => new Response(null, { status: 204 }), json(200, [])];
    button(/^Delete$/)?.click();
    await vi.waitFor(() => expect(root.querySelector(".container-row")).toBeNull());
    expect(calls[0]).toBe("DELETE /api/v1/containers/c1");
  });

  it("says that the worker is away instead of an empty list", () => {
    show(boot({ error: { code: "worker-unavailable", message: "no socket", hint: "It may be restarting." } }));
    expect(root.querySelector("[role=alert]")?.textContent).toContain("It may be restarting.");
  });
});

describe("a launch's request", () => {
  it("has only what was filled in", () => {
    expect(request({ name: "busybox" }, { name: " ", memory: "", cpus: "", pids: "" })).toEqual({ image: "busybox" });
    expect(request({ name: "debian" }, { name: "lab", memory: "64", cpus: "0.25", pids: "32" })).toEqual({
      image: "debian",
      name: "lab",
      memory_bytes: 67108864,
      cpus: 0.25,
      pids: 32,
    });
  });
});
