/** Three hints on the first visit: what each part is. A hint goes when its thing was done, and never comes back by itself. */
import { t } from "../i18n/index";
import { Icon } from "../ui/icons";
import { remembered } from "../ui/preferences";

const STEPS = ["tour.terminal", "tour.xray", "tour.link"] as const;
const DONE = STEPS.length;

/** The step to show; `DONE` when there is none. */
export const tour = remembered<number>(
  "tour",
  0,
  (value): value is number => Number.isInteger(value) && (value as number) >= 0 && (value as number) <= DONE,
);

/** The person did what the hint says: on to the next. */
export function did(step: 0 | 1 | 2): void {
  if (tour.peek() === step) tour.value = step + 1;
}

export function Hint({ step }: { step: 0 | 1 | 2 }) {
  if (tour.value !== step) return null;
  const last = step === DONE - 1;
  const words = last && matchMedia("(pointer: coarse)").matches ? "tour.link_touch" : STEPS[step];
  return (
    <aside class="hint" data-step={step} aria-label={t("tour.label")}>
      <p>{t(words)}</p>
      <footer>
        <span class="num">{t("tour.of", { step: step + 1, steps: DONE })}</span>
        <button type="button" class="button quiet small" onClick={() => did(step)}>
          {t(last ? "tour.done" : "tour.next")}
        </button>
        <button
          type="button"
          class="button icon small"
          aria-label={t("tour.skip")}
          title={t("tour.skip")}
          onClick={() => {
            tour.value = DONE;
          }}
        >
          <Icon name="close" />
        </button>
      </footer>
    </aside>
  );
}
