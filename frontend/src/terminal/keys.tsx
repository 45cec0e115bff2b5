/** Keys that a touch screen's keyboard lacks. Ctrl holds for the next key. */
import { useState } from "preact/hooks";
import { t } from "../i18n/index";

const KEYS: readonly { label: string; text: string }[] = [
  { label: "Esc", text: "\x1b" },
  { label: "Tab", text: "\t" },
  { label: "↑", text: "\x1b[A" },
  { label: "↓", text: "\x1b[B" },
  { label: "←", text: "\x1b[D" },
  { label: "→", text: "\x1b[C" },
];

const ARROW_NAMES = { "↑": "keys.up", "↓": "keys.down", "←": "keys.left", "→": "keys.right" } as const;
const CONTROLLED = ["C", "D", "Z", "L", "R"] as const;

export function TouchKeys({ onKey }: { onKey: (text: string) => void }) {
  const [control, setControl] = useState(false);
  return (
    <div class="touch-keys" role="toolbar" aria-label={t("keys.label")}>
      <button type="button" class="touch-key" aria-pressed={control} onClick={() => setControl(!control)}>
        Ctrl
      </button>
      {control
        ? CONTROLLED.map((letter) => (
            <button
              type="button"
              class="touch-key"
              key={letter}
              aria-label={`Ctrl ${letter}`}
              onClick={() => {
                onKey(String.fromCharCode(letter.charCodeAt(0) - 64));
                setControl(false);
              }}
            >
              ^{letter}
            </button>
          ))
        : KEYS.map(({ label, text }) => (
            <button
              type="button"
              class="touch-key"
              key={label}
              aria-label={label in ARROW_NAMES ? t(ARROW_NAMES[label as keyof typeof ARROW_NAMES]) : label}
              onClick={() => onKey(text)}
            >
              {label}
            </button>
          ))}
    </div>
  );
}
