import { describe, expect, it } from "vitest";
import { type Around, shortcut } from "../src/terminal/shortcuts";

const press = (keys: string, around: Partial<Around> = {}) => {
  const parts = keys.split("+");
  const key = parts.at(-1) ?? "";
  const event = new KeyboardEvent("keydown", {
    key: key === "plus" ? "+" : key,
    code: /^[a-z]$/i.test(key) ? `Key${key.toUpperCase()}` : key,
    ctrlKey: parts.includes("Ctrl"),
    shiftKey: parts.includes("Shift"),
    altKey: parts.includes("Alt"),
    metaKey: parts.includes("Cmd"),
  });
  return shortcut(event, { selection: false, alternate: false, mac: false, windows: false, ...around });
};

describe("keys that the page takes", () => {
  it("leaves the shell its own, Ctrl+C and Ctrl+V above all", () => {
    for (const keys of [
      "Ctrl+c",
      "Ctrl+v",
      "Ctrl+f",
      "c",
      "Alt+c",
      "Ctrl+r",
      "ArrowUp",
      "Shift+Tab",
      "F10",
      "Ctrl+_",
    ]) {
      expect(press(keys, { selection: true })).toBe(null);
    }
  });

  it("copies, pastes and finds as terminals do", () => {
    expect(press("Ctrl+Shift+C")).toBe("copy");
    expect(press("Ctrl+Shift+V")).toBe("paste");
    expect(press("Shift+Insert")).toBe("paste");
    expect(press("Ctrl+Insert", { selection: true })).toBe("copy");
    expect(press("Ctrl+Insert")).toBe(null);
    expect(press("Ctrl+Shift+F")).toBe("find");
  });

  it("has a Mac's keys on a Mac, where Ctrl is all the shell's", () => {
    const mac = { mac: true };
    expect([press("Cmd+c", mac), press("Cmd+v", mac), press("Cmd+f", mac)]).toEqual(["copy", "paste", "find"]);
    expect(press("Cmd+=", mac)).toBe("larger");
    expect(press("Ctrl+Shift+C", mac)).toBe(null);
  });

  it("copies with Ctrl+C on Windows only, and only what is selected", () => {
    expect(press("Ctrl+c", { windows: true, selection: true })).toBe("copy");
    expect(press("Ctrl+c", { windows: true })).toBe(null);
    expect(press("Ctrl+v", { windows: true })).toBe("paste");
  });

  it("changes the letters' size", () => {
    expect([press("Ctrl+="), press("Ctrl+Shift+plus"), press("Ctrl+-"), press("Ctrl+0")]).toEqual([
      "larger",
      "larger",
      "smaller",
      "usual-size",
    ]);
  });

  it("goes from command to command, but not in a full-screen program", () => {
    expect(press("Ctrl+Shift+ArrowUp")).toBe("previous-command");
    expect(press("Ctrl+Shift+ArrowDown")).toBe("next-command");
    expect(press("Ctrl+Shift+ArrowUp", { alternate: true })).toBe(null);
  });

  it("opens its menu by the keyboard", () => {
    expect(press("ContextMenu")).toBe("menu");
    expect(press("Shift+F10")).toBe("menu");
  });
});
