import { afterEach, describe, expect, it, vi } from "vitest";
import { Api, ApiError } from "../src/protocol/api";
import { failure } from "../src/ui/failure";

const answer = (status: number, body?: unknown) =>
  vi.fn<typeof fetch>(async () => new Response(body === undefined ? null : JSON.stringify(body), { status }));

const call = (mock: ReturnType<typeof answer>) => mock.mock.calls[0] as [string, RequestInit & { headers: Headers }];

afterEach(() => vi.unstubAllGlobals());

describe("the REST calls", () => {
  it("carry the CSRF token where they change something", async () => {
    const mock = answer(201, { id: "c" });
    vi.stubGlobal("fetch", mock);
    await new Api("token").launch({ image: "busybox" });
    const [url, init] = call(mock);
    expect(url).toBe("/api/v1/containers");
    expect(init).toMatchObject({ method: "POST", body: '{"image":"busybox"}', credentials: "same-origin" });
    expect(init.headers).toMatchObject({ "X-CSRFToken": "token", "Content-Type": "application/json" });
  });

  it("take no content for an answer", async () => {
    vi.stubGlobal("fetch", answer(204));
    await expect(new Api("t").remove("c")).resolves.toBeUndefined();
  });

  it("encode what goes into the address", async () => {
    const mock = answer(200, { path: "/proc/1/status" });
    vi.stubGlobal("fetch", mock);
    await new Api("t").source("c", { side: "host", panel: "cgroup", key: "memory/memory.max" });
    expect(call(mock)[0]).toBe("/api/v1/containers/c/source?side=host&panel=cgroup&key=memory%2Fmemory.max");
  });

  it.each([
    [
      403,
      { code: "limit-reached", message: "50 of 50", field: "image", hint: "Delete one." },
      "limit-reached",
      "image",
    ],
    [401, { detail: "Unauthorized" }, "signed-out", null],
    [502, undefined, "worker-unavailable", null],
    [500, "<html>", "internal-error", null],
  ])("turn status %i into an error with a code", async (status, body, code, field) => {
    vi.stubGlobal("fetch", answer(status, body));
    const error = await new Api("t").start("c").catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(ApiError);
    expect(error).toMatchObject({ code, field, status });
  });

  it("tell a server that does not answer from one that refuses", async () => {
    vi.stubGlobal(
      "fetch",
      vi.fn(async () => {
        throw new TypeError("Failed to fetch");
      }),
    );
    await expect(new Api("t").containers()).rejects.toMatchObject({ code: "offline" });
  });
});

describe("failures in words", () => {
  it("give the hint, the technical sentence and the action that helps", () => {
    const refused = new ApiError("limit-reached", "the owner has 50 containers of 50", 403, null, "Delete one first.");
    expect(failure(refused, "failure.launch")).toEqual({
      title: "The container was not started",
      detail: "Delete one first.",
      technical: "the owner has 50 containers of 50",
      field: null,
      next: "none",
    });
    expect(failure(new ApiError("timeout", "slow", 504), "failure.launch").next).toBe("retry");
    expect(failure(new ApiError("signed-out", "", 401), "failure.launch").next).toBe("login");
  });
});
