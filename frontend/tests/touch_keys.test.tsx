import { signal } from "@preact/signals";
import { render } from "preact";
import { act } from "preact/test-utils";
import { beforeEach, describe, expect, it } from "vitest";
import { alt, control, withHeld } from "../src/terminal/held";
import { type Key, sequence } from "../src/terminal/key_codes";
import { TouchKeys } from "../src/terminal/keys";
import type { Tab } from "../src/terminal/tab";
import { all, one, root, useStage } from "./support/stage";

useStage();

let pressed: Key[];
let signals: number[];

beforeEach(() => {
  [pressed, signals] = [[], []];
  const parts = {
    screen: { press: (key: Key) => void pressed.push(key) },
    session: { signal: (number: number) => void signals.push(number) },
  };
  act(() => render(<TouchKeys tab={{ parts: signal(parts) } as unknown as Tab} />, root));
});

const key = (label: string) => {
  const found = all(".touch-key").find((button) => button.textContent === label);
  if (found === undefined) throw new Error(`no key ${label}`);
  return found;
};

describe("the row of keys", () => {
  it("has what a touch screen's keyboard lacks", () => {
    const labels = all(".touch-key").map((button) => button.textContent);
    for (const label of [
      "Esc",
      "Tab",
      "Ctrl",
      "Alt",
      "^C",
      "←",
      "↑",
      "↓",
      "→",
      "Home",
      "End",
      "PgUp",
      "PgDn",
      "|",
      "~",
      "/",
      "-",
    ]) {
      expect(labels).toContain(label);
    }
    act(() => key("Esc").click());
    act(() => key("|").click());
    expect(pressed).toEqual(["escape", { text: "|" }]);
  });

  it("interrupts by a signal, which waits behind no input", () => {
    act(() => key("^C").click());
    expect([signals, pressed]).toEqual([[2], []]);
  });

  it("never takes the focus from the terminal", () => {
    const down = new MouseEvent("mousedown", { bubbles: true, cancelable: true });
    key("Tab").dispatchEvent(down);
    expect(down.defaultPrevented).toBe(true);
  });

  it("holds Ctrl and Alt for one key", () => {
    act(() => key("Ctrl").click());
    expect(key("Ctrl").getAttribute("aria-pressed")).toBe("true");
    expect(withHeld("\x1b[C")).toBe("\x1b[1;5C");
    expect(withHeld("\x1b[C")).toBe("\x1b[C");
    alt.value = true;
    expect(withHeld("b")).toBe("\x1bb");
    control.value = true;
    alt.value = true;
    expect(withHeld("c")).toBe("\x1b\x03");
    expect([control.value, alt.value]).toEqual([false, false]);
    expect(one(".touch-keys").getAttribute("role")).toBe("toolbar");
  });

  it("sends arrows in the form the program asked for", () => {
    expect([sequence("up", false), sequence("up", true), sequence("page-up", true)]).toEqual([
      "\x1b[A",
      "\x1bOA",
      "\x1b[5~",
    ]);
  });
});
