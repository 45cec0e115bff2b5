import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { Absent } from "../src/pages/absent";
import { type Api, ApiError } from "../src/protocol/api";
import type { Boot } from "../src/protocol/rest";

const boot = {
  page: "workbench",
  csrf: "",
  user: { name: "ann", is_staff: false },
  urls: {},
  container: null,
  containers: [],
  error: { code: "offline", message: "nobody listens" },
} as unknown as Boot;

let root: HTMLElement;
const container = vi.fn();
const reload = vi.fn();
const show = (part: Partial<Boot> = {}) =>
  act(() => render(<Absent boot={{ ...boot, ...part }} api={{ container } as unknown as Api} />, root));
const asked = () => act(async () => void (await vi.advanceTimersByTimeAsync(2_000)));

beforeEach(() => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  vi.spyOn(location, "reload").mockImplementation(reload);
  container.mockReset();
  reload.mockReset();
  root = document.createElement("div");
  document.body.append(root);
});
afterEach(() => {
  act(() => render(null, root));
  root.remove();
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it("a page whose worker is away asks until it answers, and comes back", async () => {
  show();
  expect(root.textContent).toContain("The worker does not answer");
  expect(root.textContent).toContain("nobody listens");
  container.mockRejectedValueOnce(new ApiError("offline", "still away", 0));
  await asked();
  expect(reload).not.toHaveBeenCalled();
  container.mockResolvedValueOnce({ state: "running" });
  await asked();
  expect(reload).toHaveBeenCalledOnce();
});

it.each([
  ["is not there any more", () => container.mockRejectedValueOnce(new ApiError("not-found", "", 404))],
  ["is lost", () => container.mockResolvedValueOnce({ state: "stopped", exit: { reason: "lost" } })],
])("one whose container %s says so, and asks no more", async (_what, answers) => {
  show();
  answers();
  await asked();
  expect(root.textContent).toContain("This container is lost");
  await asked();
  expect(container).toHaveBeenCalledOnce();
  expect(reload).not.toHaveBeenCalled();
});

it("one that is known to be lost asks nothing", async () => {
  show({ error: null });
  await asked();
  expect(container).not.toHaveBeenCalled();
});
