/** Short messages: seen in a corner, and read out by a screen reader. */
import { signal } from "@preact/signals";
import { t } from "../i18n/index";
import { Icon } from "./icons";

const STAY_MS = 6_000;

interface Toast {
  id: number;
  text: string;
  tone: "plain" | "bad";
  about: string;
}

const toasts = signal<readonly Toast[]>([]);
const spoken = signal("");
let last = 0;

/** Shows `text` for a while, instead of what was said `about` the same. What went wrong stays until it is dismissed. */
export function announce(text: string, tone: Toast["tone"] = "plain", about = text): void {
  last += 1;
  const toast: Toast = { id: last, text, tone, about };
  toasts.value = [...toasts.value.filter((other) => other.about !== about), toast].slice(-3);
  speak(text);
  if (tone === "plain") setTimeout(() => dismiss(toast.id), STAY_MS);
}

/** Only for screen readers: what others see elsewhere on the page. */
export function speak(text: string): void {
  spoken.value = "";
  setTimeout(() => {
    spoken.value = text;
  }, 50);
}

function dismiss(id: number): void {
  toasts.value = toasts.value.filter((toast) => toast.id !== id);
}

export function Announcer() {
  return (
    <>
      <div class="sr-only" role="status" aria-live="polite">
        {spoken.value}
      </div>
      <section class="toasts" aria-label={t("common.messages")}>
        {toasts.value.map((toast) => (
          <div class={`toast ${toast.tone}`} key={toast.id}>
            {toast.tone === "bad" && <Icon name="warn" />}
            <span>{toast.text}</span>
            <button
              type="button"
              class="button icon small"
              aria-label={t("common.dismiss")}
              onClick={() => dismiss(toast.id)}
            >
              <Icon name="close" />
            </button>
          </div>
        ))}
      </section>
    </>
  );
}
