/** One of the five things that cgroups are for: its name, one sentence, and what there is to see of it. */
import type { ComponentChildren } from "preact";
import { useRef } from "preact/hooks";
import { type Key, t } from "../../i18n/index";
import { remembered } from "../../ui/preferences";

export type PartName = "limiting" | "priority" | "accounting" | "isolation" | "control";

const TITLES = {
  limiting: ["cg.limiting", "cg.limiting_words"],
  priority: ["cg.priority", "cg.priority_words"],
  accounting: ["cg.accounting", "cg.accounting_words"],
  isolation: ["cg.isolation", "cg.isolation_words"],
  control: ["cg.control", "cg.control_words"],
} as const satisfies Record<PartName, readonly [Key, Key]>;

/** At first: what holds the container, and beside it what changes that; the rest is a line each. */
const FIRST: readonly string[] = ["limiting", "control"];

const open = remembered("cgroup.parts", FIRST, (value): value is readonly string[] => {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
});

export function Part({ name, children }: { name: PartName; children: ComponentChildren }) {
  const [title, words] = TITLES[name];
  const shown = open.value.includes(name);
  const kept = useRef(children); // what is folded stays as it was, whatever ticks
  if (shown) kept.current = children;
  return (
    <details
      class="cg-part"
      data-part={name}
      open={shown}
      onToggle={(event) => {
        const now = event.currentTarget.open;
        if (now !== open.peek().includes(name)) {
          open.value = now ? [...open.peek(), name] : open.peek().filter((one) => one !== name);
        }
      }}
    >
      <summary>
        <h4 id={`cg-${name}`} class="cg-part-title">
          {t(title)}
        </h4>
        <span class="cg-part-words">{t(words)}</span>
      </summary>
      {kept.current}
    </details>
  );
}
