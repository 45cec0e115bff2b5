import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { setLanguage } from "../src/i18n";
import type { ViewerBody } from "../src/protocol/generated";
import type { Share } from "../src/protocol/rest";
import { OwnersBanner } from "../src/terminal/sharing/banner";
import { ShareDialog } from "../src/terminal/sharing/dialog";
import { GuestBanner } from "../src/terminal/sharing/guest";
import { Shares } from "../src/terminal/sharing/shares";
import { INITIAL, type SessionState } from "../src/terminal/state";
import type { Tab } from "../src/terminal/tab";
import { guest, viewer } from "./support/worker";

const ann = viewer(1, "ann");
const bob = guest(2, "bob");
const live: SessionState = { ...INITIAL, phase: "live", me: 1, driving: 1, viewers: [ann, bob] };

let root: HTMLElement;
const session = { grant: vi.fn(), deny: vi.fn(), takeOver: vi.fn(), ask: vi.fn(), release: vi.fn() };
const focus = vi.fn();

beforeEach(() => {
  root = document.createElement("div");
  document.body.append(root);
  for (const call of [...Object.values(session), focus]) call.mockReset();
});
afterEach(() => {
  render(null, root);
  root.remove();
  setLanguage("en");
});

const words = () => root.querySelector(".share-banner")?.textContent?.replace(/\s+/g, " ");
const button = (name: RegExp) =>
  [...root.querySelectorAll("button")].find((one) =>
    name.test(one.getAttribute("aria-label") ?? one.textContent ?? ""),
  );

describe("the owner's banner", () => {
  const show = (part: Partial<SessionState> = {}) =>
    act(() =>
      render(
        <div class="terminal">
          <OwnersBanner state={{ ...live, ...part }} session={session} focus={focus} onManage={() => undefined} />
          <textarea />
        </div>,
        root,
      ),
    );

  it("is not there for the owner alone, nor for a second page of hers that watches", () => {
    show({ viewers: [ann] });
    expect(words()).toBeUndefined();
    show({ viewers: [ann, { ...ann, id: 5 }] });
    expect(words()).toBeUndefined();
  });

  it("says who watches, each person once", () => {
    show();
    expect(words()).toContain("bob watches");
    show({ viewers: [ann, bob, { ...bob, id: 3 }, { ...bob, id: 4, name: "cleo" }] });
    expect(words()).toContain("bob and cleo watch");
    show({ viewers: [ann, bob, ...["cleo", "dan", "eve"].map((name, at) => ({ ...bob, id: 7 + at, name }))] });
    expect(words()).toContain("bob, cleo and 2 more watch");
  });

  it("keeps a name apart from its own words", () => {
    show({ viewers: [ann, { ...bob, name: "\u202eyou type" }] });
    expect(root.querySelector("bdi")?.textContent).toBe("you type");
  });

  it("offers the keys of another page of hers", () => {
    show({ driver: false, driving: 5, viewers: [ann, { ...ann, id: 5 }] });
    expect(words()).toContain("Another page of yours has the keyboard");
    button(/Type here/)?.click();
    expect(session.takeOver).toHaveBeenCalledOnce();
    expect(focus).toHaveBeenCalledOnce();
  });

  it("asks the owner, once for one question, and is back in the terminal", () => {
    show({ viewers: [ann, { ...bob, asking: true }] });
    expect(words()).toContain("bob asks to type");
    expect(button(/Let type: bob/)?.hasAttribute("data-part")).toBe(true);
    button(/Let type: bob/)?.click();
    button(/Let type: bob/)?.click();
    button(/Not now/)?.click();
    expect(session.grant.mock.calls).toEqual([[2]]);
    expect(session.deny).not.toHaveBeenCalled();
    expect(focus).toHaveBeenCalledOnce();
  });

  it("says no", () => {
    show({ viewers: [ann, { ...bob, asking: true }] });
    button(/Not now/)?.click();
    expect(session.deny.mock.calls).toEqual([[2]]);
  });

  it("says who types, in words; Escape in the terminal takes it back, and only then", () => {
    show();
    const press = () =>
      root.querySelector("textarea")?.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    press();
    expect(session.takeOver).not.toHaveBeenCalled();
    show({ driver: false, driving: 2, viewers: [ann, { ...bob, granted: true }] });
    expect(words()).toContain("bob has the keyboard");
    document.body.dispatchEvent(new KeyboardEvent("keydown", { key: "Escape", bubbles: true }));
    expect(session.takeOver).not.toHaveBeenCalled();
    press();
    expect(session.takeOver).toHaveBeenCalledOnce();
  });

  it("tells when keys come", async () => {
    vi.useFakeTimers();
    const typing = { driver: false, driving: 2, viewers: [ann, { ...bob, granted: true }] };
    show({ ...typing, typedAt: 5 });
    expect(words()).not.toContain("typing now");
    show({ ...typing, typedAt: 6 });
    expect(words()).toContain("typing now");
    await act(async () => {
      await vi.advanceTimersByTimeAsync(2_100);
    });
    expect(words()).not.toContain("typing now");
    vi.useRealTimers();
  });

  it("lists everyone on demand, told apart in words", () => {
    show({ viewers: [ann, { ...ann, id: 5 }, { ...bob, visible: false, asking: true, lag: 1_048_576 }] });
    act(() => button(/other pages here/)?.click());
    const people = [...root.querySelectorAll(".who-people li")].map((one) => one.textContent);
    expect(people).toEqual([
      "annyou, this pagehas the keyboard",
      "annanother page of yours",
      "bobguestasks to typelooks elsewhere1 MiB behind",
    ]);
  });
});

describe("a guest's banner", () => {
  const show = (part: Partial<ViewerBody> = {}, state: Partial<SessionState> = {}) =>
    act(() =>
      render(
        <GuestBanner
          state={{ ...live, role: "ro", me: 2, driver: false, viewers: [ann, { ...bob, ...part }], ...state }}
          session={session}
          owner="ann"
          focus={focus}
        />,
        root,
      ),
    );

  it("goes from watching to asking to typing and back", () => {
    show();
    expect(words()).toContain("You watch ann's terminal.");
    act(() => button(/Ask to type/)?.click());
    expect(session.ask).toHaveBeenCalledOnce();
    show({ asking: true });
    expect(words()).toContain("You asked to type. ann has to allow it.");
    show({ granted: true }, { driver: true, driving: 2 });
    expect(words()).toContain("You are typing into ann's terminal.");
    show();
    expect(words()).toContain("ann has taken the keyboard back.");
    expect(button(/Ask to type/)).toBeDefined();
  });

  it("gives back, and withdraws, without being told no", () => {
    show({ granted: true });
    act(() => button(/Give back/)?.click());
    show();
    expect(words()).toContain("You gave the keyboard back.");
    show({ asking: true });
    act(() => button(/Do not ask/)?.click());
    show();
    expect(words()).toContain("You watch ann's terminal.");
    expect(session.release).toHaveBeenCalledTimes(2);
  });

  it("is told no kindly", () => {
    show({ asking: true });
    show();
    expect(words()).toContain("ann would rather type alone at the moment.");
  });

  it("says who types, when that is another, and who else watches", () => {
    show();
    expect(root.querySelector(".share-note")).toBeNull();
    const cleo = { ...bob, id: 4, name: "cleo", granted: true };
    show({}, { driving: 4, viewers: [ann, bob, cleo, { ...bob, id: 5, name: "dan" }] });
    expect(words()).toContain("cleo has the keyboard.");
    expect(words()).toContain("1 other guest watches");
    show({}, { driving: null, viewers: [bob] });
    expect(words()).toContain("ann has no page open here at the moment.");
  });

  it("says when what is seen is old", () => {
    show();
    expect(words()).not.toContain("behind");
    show({ lag: 3 * 1024 * 1024 });
    expect(words()).toContain("You are 3 MiB behind");
  });
});

describe("the dialog", () => {
  const tab = {
    id: "t1",
    name: signal(""),
    program: "sh",
    ordinal: 1,
    parts: signal({ session: { state: signal(live) } }),
  } as unknown as Tab;
  const hour = (count: number) => new Date(Date.now() + count * 3_600_000).toISOString();
  const share: Share = {
    id: "s1",
    terminal: "t1",
    url: "/playground/s/s1.sig",
    created_at: hour(0),
    expires_at: hour(4),
    guests: [{ name: "bob", since: hour(-1) }],
  };
  const api = { shares: vi.fn(), share: vi.fn(), endShare: vi.fn() };
  let shares: Shares;

  const show = async () => {
    await act(() => render(<ShareDialog shares={shares} tab={tab} tabs={[tab]} onClose={() => undefined} />, root));
    await vi.waitFor(() => expect(api.shares).toHaveBeenCalled());
    await act(async () => undefined);
  };

  beforeEach(() => {
    for (const call of Object.values(api)) call.mockReset();
    shares = new Shares(api, "c");
  });

  it("explains before there is a link", async () => {
    api.shares.mockResolvedValue([]);
    await show();
    expect(root.querySelector("dialog")?.textContent).toContain("They cannot type.");
    expect(root.querySelector("details")).toBeNull();
    expect(button(/Make a link/)).toBeDefined();
  });

  it("shows the whole link, who came by it and who of them watches", async () => {
    api.shares.mockResolvedValue([share]);
    await show();
    expect(root.querySelector<HTMLInputElement>(".share-address input")?.value).toMatch(
      /^http.*\/playground\/s\/s1\.sig$/,
    );
    expect(root.querySelector(".share-guests")?.textContent).toBe("bobjoined 1 hour agowatches now");
  });

  it("leaves the link selected where the browser does not let it be copied", async () => {
    api.shares.mockResolvedValue([share]);
    vi.spyOn(navigator.clipboard, "writeText").mockRejectedValue(new Error("denied"));
    document.execCommand = () => false;
    await show();
    await act(async () => button(/Copy link/)?.click());
    await act(async () => undefined);
    expect(root.querySelector("[role=alert]")?.textContent).toContain("The link is selected");
  });
});
