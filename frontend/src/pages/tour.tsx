/** Three hints on the first visit: what each part is. Dismissed once, they never come back by themselves. */
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

export function Hint({ step }: { step: 0 | 1 | 2 }) {
  if (tour.value !== step) return null;
  const last = step === DONE - 1;
  return (
    <aside class="hint" data-step={step} aria-label={t("tour.label")}>
      <p>{t(STEPS[step])}</p>
      <footer>
        <span class="num">{t("tour.of", { step: step + 1, steps: DONE })}</span>
        <button
          type="button"
          class="button quiet small"
          onClick={() => {
            tour.value = step + 1;
          }}
        >
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
