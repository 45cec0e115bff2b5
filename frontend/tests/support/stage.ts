/** Where a test draws: an element of the page, fresh for each test, and what is looked up or pressed in it. */
import { render } from "preact";
import { act } from "preact/test-utils";
import { afterEach, beforeEach } from "vitest";
import { setLanguage } from "../../src/i18n/index";

export let root: HTMLElement;

/** Call it once in a file: before each test English, nothing remembered, an empty stage; afterwards nothing is left. */
export function useStage(): void {
  beforeEach(() => {
    setLanguage("en");
    localStorage.clear();
    root = document.createElement("div");
    document.body.append(root);
  });
  afterEach(() => {
    act(() => render(null, root));
    root.remove();
  });
}

export const all = (selector: string): HTMLElement[] => [...root.querySelectorAll<HTMLElement>(selector)];

export function one<T extends HTMLElement = HTMLElement>(selector: string): T {
  const found = root.querySelector<T>(selector);
  if (!found) throw new Error(`no ${selector}`);
  return found;
}

export const text = (selector: string): string => one(selector).textContent?.replace(/\s+/g, " ").trim() ?? "";

export function press(element: Element, key: string, more: KeyboardEventInit = {}): KeyboardEvent {
  const event = new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more });
  act(() => {
    element.dispatchEvent(event);
  });
  return event;
}

export const settle = (): Promise<void> => act(async () => undefined);
