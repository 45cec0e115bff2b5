/** A container's state: a sign, whose shape alone tells it, and the word. */
import { type Key, t } from "../i18n/index";
import type { RestContainer } from "../protocol/rest";
import { Icon, type IconName } from "./icons";

/** OCI's four states, and the two ways of not being there: deleted, or lost by its host. */
export type Condition = RestContainer["state"] | "lost" | "gone";

export const conditionOf = (container: RestContainer): Condition =>
  container.exit?.reason === "lost" ? "lost" : container.state;

const SIGNS: Record<Condition, { icon: IconName; filled?: boolean; tone: string }> = {
  creating: { icon: "spinner", tone: "" },
  created: { icon: "circle", tone: "" },
  running: { icon: "circle", filled: true, tone: "ok" },
  stopped: { icon: "stop", tone: "" },
  lost: { icon: "warn", tone: "warn" },
  gone: { icon: "close", tone: "warn" },
};

export function StateSign({ state }: { state: Condition }) {
  const sign = SIGNS[state];
  return (
    <span class={`state ${sign.tone}`} data-state={state}>
      <Icon name={sign.icon} filled={sign.filled ?? false} class={state === "creating" ? "spin" : ""} />
      {t(`state.${state}` satisfies Key)}
    </span>
  );
}
