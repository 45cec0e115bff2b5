import { afterEach, describe, expect, it } from "vitest";
import { control, keepTyped, takeTyped, withHeld } from "../src/terminal/held";

const press = (key: string, on: EventTarget = document.body, init: KeyboardEventInit = {}) => {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...init });
  on.dispatchEvent(event);
  return event;
};

afterEach(() => {
  takeTyped();
  control.value = false;
  document.body.replaceChildren();
});

describe("what is typed for a terminal not yet there", () => {
  it("is kept in order, with Enter and Backspace, and given once", () => {
    keepTyped();
    for (const key of ["l", "x", "Backspace", "s", "Shift", "Enter"]) press(key);
    expect(takeTyped()).toBe("lx\x7fs\r");
    press("a");
    expect(takeTyped()).toBe("");
  });

  it("leaves alone what is meant for something else", () => {
    const field = document.body.appendChild(document.createElement("input"));
    keepTyped();
    expect(press("a", field).defaultPrevented).toBe(false);
    expect(press("r", document.body, { ctrlKey: true }).defaultPrevented).toBe(false);
    expect(press("Tab").defaultPrevented).toBe(false);
    expect(takeTyped()).toBe("");
  });
});

describe("Ctrl on a touch screen", () => {
  it("holds for one key", () => {
    control.value = true;
    expect(withHeld("c")).toBe("\x03");
    expect(withHeld("c")).toBe("c");
  });

  it("lets a paste and what has no control code be", () => {
    control.value = true;
    expect(withHeld("ls -l")).toBe("ls -l");
    expect(withHeld("1")).toBe("1");
  });
});
