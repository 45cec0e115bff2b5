import type { Terminal } from "@xterm/xterm";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { ClipboardOffers, MOST_BYTES, offered } from "../src/terminal/osc52";
import { emulator, write } from "./support/emulator";

const base64 = (text: string) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));
const osc = (data: string) => `\x1b]52;${data}\x07`;

let term: Terminal;
let deaf: boolean;
let told: [string, number][];
let copied: string[];
let answered: string[];
let offers: ClipboardOffers;

beforeEach(() => {
  sessionStorage.clear();
  vi.useFakeTimers({ toFake: ["performance"] });
  [deaf, told, copied, answered] = [false, [], [], []];
  vi.stubGlobal("navigator", {
    clipboard: {
      writeText: async (text: string) => void copied.push(text),
      readText: () => {
        throw new Error("nobody may read");
      },
    },
  });
  term = emulator();
  term.onData((data) => answered.push(data));
  offers = new ClipboardOffers(
    term,
    () => deaf,
    (what, count) => told.push([what, count]),
  );
});

afterEach(() => {
  term.dispose();
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

const settled = () => vi.waitFor(() => expect(told).not.toEqual([]));

describe("a program's wish to write to the clipboard", () => {
  it("is asked about once, and told each time", async () => {
    offers.gesture();
    await write(term, osc(`c;${base64("grüße 你好")}`));
    expect(offers.asked.value).toBe("grüße 你好");
    expect(copied).toEqual([]);
    offers.answer("allow");
    await settled();
    expect(copied).toEqual(["grüße 你好"]);
    expect(told).toEqual([["copied", 8]]);
    expect(offers.asked.value).toBe(null);
    told.length = 0;
    await write(term, osc(`;${base64("again")}`));
    await settled();
    expect([copied.at(-1), told, offers.asked.value]).toEqual(["again", [["copied", 5]], null]);
  });

  it("is asked about again after not now, and never after never", async () => {
    for (const said of [null, "never"] as const) {
      offers.gesture();
      await write(term, osc(`c;${base64("x")}`));
      expect(offers.asked.value).toBe("x");
      offers.answer(said);
    }
    offers.gesture();
    await write(term, osc(`c;${base64("x")}`));
    expect(offers.asked.value).toBe(null);
    expect(copied).toEqual([]);
  });

  it("is not heard without a gesture, long after one, in old output, nor when somebody else types", async () => {
    await write(term, osc(`c;${base64("x")}`));
    expect(offers.asked.value).toBe(null);
    offers.gesture();
    vi.advanceTimersByTime(5_001);
    await write(term, osc(`c;${base64("x")}`));
    expect(offers.asked.value).toBe(null);
    offers.gesture();
    deaf = true;
    await write(term, osc(`c;${base64("x")}`));
    expect(offers.asked.value).toBe(null);
    deaf = false;
    await write(term, osc(`c;${base64("x")}`));
    expect(offers.asked.value).toBe("x");
  });

  it("never answers a question for what the clipboard holds", async () => {
    offers.gesture();
    for (const question of ["c;?", ";?", "p;?"]) await write(term, osc(question));
    expect([answered, offers.asked.value]).toEqual([[], null]);
  });

  it("takes at most 100 KiB, and only base64 of UTF-8", () => {
    expect(offered(`c;${base64("a".repeat(MOST_BYTES))}`)).toHaveLength(MOST_BYTES);
    expect(offered(`c;${"A".repeat(4 * Math.ceil(MOST_BYTES / 3) + 4)}`)).toBe("too-big");
    for (const wrong of ["c;?", "c;", "c;%%", "c", "c;/w==", "x;QQ==", "c;A"]) expect(offered(wrong)).toBe(null);
  });
});
