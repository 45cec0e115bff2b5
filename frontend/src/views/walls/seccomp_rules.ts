/** What the seccomp filter says to a system call, from the rules a container was born with (seccomp(2)). */
import { t } from "../../i18n/index";
import type { Seccomp, SeccompRule } from "../../protocol/generated";

export type Tone = "allowed" | "refused" | "other";

/** One outcome: of a rule, or the default. `when`: conditions on the arguments, all of which must hold. */
export interface Outcome {
  tone: Tone;
  /** `refused with EPERM`. */
  words: string;
  errno: string | null;
  when: readonly string[];
}

export interface Verdict {
  call: string;
  /** In the order of the rules; the last has no condition. */
  outcomes: readonly Outcome[];
  /** No rule names it. */
  unlisted: boolean;
}

function outcome(action: string, errno: string | null | undefined, when: readonly string[]): Outcome {
  const kind = action.replace(/^SCMP_ACT_/, "");
  const made = (tone: Tone, words: string): Outcome => ({ tone, words, errno: errno ?? null, when });
  switch (kind) {
    case "ALLOW":
      return made("allowed", t("sc.allowed"));
    case "LOG":
      return made("allowed", t("sc.logged"));
    case "ERRNO":
      return { tone: "refused", words: t("sc.refused", { errno: errno ?? "EPERM" }), errno: errno ?? "EPERM", when };
    case "KILL":
    case "KILL_THREAD":
    case "KILL_PROCESS":
      return made("refused", t("sc.killed"));
    case "TRAP":
      return made("refused", t("sc.trapped"));
    case "NOTIFY":
      return made("other", t("sc.notified"));
    case "TRACE":
      return made("other", t("sc.traced"));
    default:
      return made("other", action);
  }
}

export const byDefault = (profile: Seccomp): Outcome => outcome(profile.default_action, profile.default_errno, []);

/** Rules of one call are alternatives: one without conditions settles it, conditions are asked first. */
export function verdictOf(profile: Seccomp, call: string): Verdict {
  const rules = profile.rules.filter((rule) => rule.names.includes(call));
  const asked = rules.filter((rule) => rule.args.length > 0).map(read);
  const always = rules.find((rule) => rule.args.length === 0);
  const last = always ? read(always) : byDefault(profile);
  return { call, outcomes: [...asked, last], unlisted: rules.length === 0 };
}

const read = (rule: SeccompRule): Outcome => outcome(rule.action, rule.errno, rule.args);

/** Every call that a rule names, by name. */
export const named = (profile: Seccomp): string[] => [...new Set(profile.rules.flatMap((rule) => rule.names))].sort();

/** Calls that begin with what was typed, then those that have it anywhere. */
export function found(calls: readonly string[], text: string): string[] {
  const wanted = text.trim().toLowerCase();
  if (wanted === "") return [...calls];
  const exact = calls.filter((call) => call === wanted);
  const begins = calls.filter((call) => call !== wanted && call.startsWith(wanted));
  const within = calls.filter((call) => !call.startsWith(wanted) && call.includes(wanted));
  return [...exact, ...begins, ...within];
}
