/** One of the five things that cgroups are for: its name, one sentence, and what there is to see of it. */
import type { ComponentChildren } from "preact";
import { type Key, t } from "../../i18n/index";

export type PartName = "limiting" | "priority" | "accounting" | "isolation" | "control";

const TITLES = {
  limiting: ["cg.limiting", "cg.limiting_words"],
  priority: ["cg.priority", "cg.priority_words"],
  accounting: ["cg.accounting", "cg.accounting_words"],
  isolation: ["cg.isolation", "cg.isolation_words"],
  control: ["cg.control", "cg.control_words"],
} as const satisfies Record<PartName, readonly [Key, Key]>;

export function Part({ name, children }: { name: PartName; children: ComponentChildren }) {
  const [title, words] = TITLES[name];
  return (
    <section class="cg-part" data-part={name} aria-labelledby={`cg-${name}`}>
      <h4 id={`cg-${name}`} class="cg-part-title">
        {t(title)}
      </h4>
      <p class="cg-part-words">{t(words)}</p>
      {children}
    </section>
  );
}
