/** Keys that a touch screen's keyboard lacks. Ctrl holds for the next key: the common ones are offered beside it. */
import { t } from "../i18n/index";
import { control, withControl } from "./held";

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
  return (
    <div class="touch-keys" role="toolbar" aria-label={t("keys.label")}>
      <button
        type="button"
        class="touch-key"
        aria-pressed={control.value}
        onClick={() => {
          control.value = !control.value;
        }}
      >
        Ctrl
      </button>
      {control.value
        ? CONTROLLED.map((letter) => (
            <button
              type="button"
              class="touch-key"
              key={letter}
              aria-label={`Ctrl ${letter}`}
              onClick={() => onKey(withControl(letter))}
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
