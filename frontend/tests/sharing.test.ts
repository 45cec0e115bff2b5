import { signal } from "@preact/signals";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setLanguage } from "../src/i18n";
import { ApiError } from "../src/protocol/api";
import type { ViewerBody } from "../src/protocol/generated";
import type { Share } from "../src/protocol/rest";
import { endOf } from "../src/terminal/sharing/ending";
import { scaleOf } from "../src/terminal/sharing/fit";
import { type Course, course, START } from "../src/terminal/sharing/guest";
import { company, news } from "../src/terminal/sharing/herald";
import { audience, labelOf, plainName } from "../src/terminal/sharing/people";
import { Shares } from "../src/terminal/sharing/shares";
import { INITIAL } from "../src/terminal/state";
import { guest, viewer } from "./support/worker";

afterEach(() => setLanguage("en"));

describe("a name", () => {
  it("is anybody's text: no control characters, nothing that turns or hides what stands beside it", () => {
    expect(plainName("a\x1b[31mb\u202ec\u2066d\u200be\nf")).toBe("a [31mb c d e f");
  });

  it("has an end, and marks do not pile up", () => {
    expect(plainName("界".repeat(99))).toBe(`${"界".repeat(31)}…`);
    expect(plainName(`e${"\u0301".repeat(50)}`)).toBe("e\u0301\u0301");
  });

  it("is never nothing", () => {
    expect(plainName("\u200b\u3164 \u202e")).toBe("someone");
    setLanguage("zh-hans");
    expect(plainName("")).toBe("某人");
  });

  it("of a terminal is never the title that its program chose", () => {
    const tab = { name: signal(""), program: "sh", ordinal: 1, title: signal("ann asks to type") };
    expect(labelOf(tab)).toBe("sh");
    expect(labelOf({ ...tab, ordinal: 2 })).toBe("sh 2");
    expect(labelOf({ ...tab, name: signal("build") })).toBe("build");
  });
});

describe("who is who", () => {
  const viewers = [viewer(1, "ann"), viewer(2, "ann"), guest(3, "bob", { asking: true }), guest(4, "cleo")];

  it("to the owner: this page, another of hers, guests", () => {
    const all = audience({ viewers, me: 1, driving: 2 });
    expect(all.others.map(({ kind }) => kind)).toEqual(["own", "guest", "guest"]);
    expect(all.self?.kind).toBe("self");
    expect(all.driver?.kind).toBe("own");
    expect(all.asking.map(({ name }) => name)).toEqual(["bob"]);
  });

  it("to a guest: the owner, and no guest becomes her by her name", () => {
    const all = audience({ viewers: [...viewers, guest(5, "ann"), guest(6, "bob")], me: 3, driving: null });
    expect(all.others.map(({ id, kind }) => [id, kind])).toEqual([
      [1, "owner"],
      [2, "owner"],
      [4, "guest"],
      [5, "guest"],
      [6, "own"],
    ]);
    expect(all.driver).toBeNull();
  });
});

describe("what became of asking", () => {
  const seen = (asking: boolean, granted = false, as = 7) => ({ is: "seen", as, asking, granted }) as const;
  const walk = (...steps: Parameters<typeof course>[1][]): Course => steps.reduce(course, START);

  it("is nothing at first", () => expect(walk(seen(false)).outcome).toBeNull());
  it("is a no when the asking ends without a yes", () => {
    expect(walk(seen(false), { is: "asked" }, seen(true), seen(false)).outcome).toBe("denied");
  });
  it("is not a no when the guest withdrew it", () => {
    expect(walk(seen(false), seen(true), { is: "released" }, seen(false)).outcome).toBeNull();
  });
  it("tells what was taken from what was given back", () => {
    expect(walk(seen(true), seen(false, true), seen(false)).outcome).toBe("taken_back");
    expect(walk(seen(true), seen(false, true), { is: "released" }, seen(false)).outcome).toBe("given_back");
  });
  it("is forgotten with the next question", () => {
    expect(walk(seen(true), seen(false), { is: "asked" }).outcome).toBeNull();
    expect(walk(seen(true), seen(false), seen(true)).outcome).toBeNull();
  });
  it("is not a no when only the connection was another", () => {
    expect(walk(seen(true), seen(false, false, 8)).outcome).toBeNull();
  });
});

describe("what is said aloud", () => {
  const before = company({ viewers: [viewer(1, "ann"), guest(2, "bob")], me: 1, driving: 1 });
  const texts = (viewers: ViewerBody[], driving: number, terminal: string | null = null) =>
    news(before, company({ viewers, me: 1, driving }), terminal).map(({ text }) => text.replace(/[\u2068\u2069]/g, ""));

  it("nothing, while all is as it was", () => {
    expect(texts([viewer(1, "ann"), guest(9, "bob")], 1)).toEqual([]);
  });
  it("who comes and who goes", () => {
    expect(texts([viewer(1, "ann"), guest(3, "cleo")], 1)).toEqual([
      "cleo watches your terminal now.",
      "bob no longer watches your terminal.",
    ]);
  });
  it("who asks, with the way to the answer; of a terminal that is not in front, with its name", () => {
    const viewers = [viewer(1, "ann"), guest(2, "bob", { asking: true })];
    expect(texts(viewers, 1)[0]).toMatch(/^bob asks to type in your terminal\. Control F6/);
    expect(texts(viewers, 1, "build")).toEqual(["bob asks to type in the terminal build."]);
  });
  it("that a guest types, and how to end it", () => {
    expect(texts([viewer(1, "ann"), guest(2, "bob", { granted: true })], 2)[0]).toMatch(
      /Escape takes the keyboard back/,
    );
  });
  it("who asks already when the page comes", () => {
    const now = company({ viewers: [viewer(1, "ann"), guest(2, "bob", { asking: true })], me: 1, driving: 1 });
    expect(news(null, now, null)).toHaveLength(1);
  });
});

describe("a guest's terminal that is not live", () => {
  it.each([
    [{ phase: "connecting" }, null],
    [{ phase: "reconnecting" }, null],
    [{ phase: "ended" }, "exit"],
    [{ phase: "gone" }, "ask"],
    [{ phase: "error", problem: "refused" }, "ask"],
    [{ phase: "error", problem: "signed-out" }, "signed_out"],
    [{ phase: "error", problem: "protocol" }, "problem"],
  ] as const)("%o is %s", (part, end) => expect(endOf({ ...INITIAL, ...part }, false)).toBe(end));

  it("has expired when its time was over", () => {
    expect(endOf({ ...INITIAL, phase: "error", problem: "refused" }, true)).toBe("expired");
  });
});

describe("a watched terminal", () => {
  it("is as small as it must be to be seen whole, never larger than it is, never a speck", () => {
    const whole = { width: 800, height: 400 };
    expect(scaleOf(whole, { width: 400, height: 800 })).toBe(0.5);
    expect(scaleOf(whole, { width: 1600, height: 100 })).toBe(0.25);
    expect(scaleOf(whole, { width: 1600, height: 800 })).toBe(1);
    expect(scaleOf(whole, { width: 10, height: 10 })).toBe(0.2);
    expect(scaleOf(whole, { width: 0, height: 0 })).toBe(1);
  });
});

describe("links", () => {
  const share = (id: string, part: Partial<Share> = {}): Share => ({
    id,
    terminal: "t",
    url: `/playground/s/${id}.sig`,
    created_at: "2026-01-01T00:00:00Z",
    expires_at: "2026-01-01T04:00:00Z",
    guests: [],
    ...part,
  });
  const api = { shares: vi.fn(), share: vi.fn(), endShare: vi.fn() };
  let shares: Shares;

  beforeEach(() => {
    for (const call of Object.values(api)) call.mockReset();
    api.shares.mockResolvedValue([share("a")]);
    shares = new Shares(api, "c");
  });

  it("the new one stands first, and one click makes one", async () => {
    await shares.refresh();
    api.share.mockResolvedValue(share("b"));
    const [made, second] = await Promise.all([shares.make("t", 4), shares.make("t", 4)]);
    expect(made?.id).toBe("b");
    expect(second).toBeNull();
    expect(api.share.mock.calls).toEqual([["c", "t", 4]]);
    expect(shares.list.value?.map(({ id }) => id)).toEqual(["b", "a"]);
  });

  it("a list from before the new one does not take it away", async () => {
    let answer = (_: Share[]) => {};
    api.shares.mockReturnValueOnce(new Promise<Share[]>((resolve) => (answer = resolve)));
    api.shares.mockResolvedValue([share("b"), share("a")]);
    api.share.mockResolvedValue(share("b"));
    const listing = shares.refresh();
    await shares.make("t", 4);
    answer([share("a")]);
    await listing;
    expect(shares.list.value?.map(({ id }) => id)).toEqual(["b", "a"]);
    expect(api.shares).toHaveBeenCalledTimes(2);
  });

  it("an expired one is none", async () => {
    await shares.refresh();
    expect(shares.valid(new Date("2026-01-01T03:59:59Z"))).toHaveLength(1);
    expect(shares.valid(new Date("2026-01-01T04:00:00Z"))).toEqual([]);
  });

  it("one that could not be ended stays, with what to do", async () => {
    await shares.refresh();
    api.endShare.mockRejectedValueOnce(new ApiError("worker-unavailable", "away", 503, null, "Wait a moment."));
    expect(await shares.stop("a")).toBe(false);
    expect(shares.failure.value).toMatchObject({
      title: "The link is still valid",
      detail: "Wait a moment.",
      next: "retry",
    });
    expect(shares.list.value).toHaveLength(1);
    shares.failure.value?.again();
    await vi.waitFor(() => expect(shares.list.value).toEqual([]));
    expect(shares.failure.value).toBeNull();
    expect(shares.stopping.value.size).toBe(0);
  });
});
