/** What the emulator's parts have to say, in words: the sign beside a command, and what a program did to the clipboard. */
import { t, tn } from "../i18n/index";
import { announce } from "../ui/announce";
import type { Told } from "./osc52";
import type { Sign } from "./prompts";

const command: Sign = (element, code) => {
  if (element.firstChild !== null) return; // drawn before
  const words = code === 0 ? t("commands.well") : t("commands.failed", { code });
  const sign = document.createElement("span");
  sign.className = "term-sign";
  sign.dataset.code = code === 0 ? "0" : "1";
  sign.textContent = code === 0 ? "✓" : "✗";
  sign.title = words;
  sign.setAttribute("role", "img");
  sign.setAttribute("aria-label", words);
  element.append(sign);
};

function offer(what: Told, characters: number): void {
  if (what === "copied") announce(tn("osc52.copied", characters));
  else announce(t(what === "too-big" ? "osc52.too_big" : "osc52.refused"), "bad");
}

export const signed = { command, offer };
