/** The seccomp profile, searchable by system call. Read when it is opened. */
import { useCallback, useEffect, useMemo, useState } from "preact/hooks";
import { number } from "../../i18n/format";
import { type Key, t } from "../../i18n/index";
import type { Seccomp } from "../../protocol/generated";
import { printable } from "../../state/format";
import { useSurroundings } from "../context";
import { useInquiry } from "../layers/inquiry";
import { Ask } from "../parts";
import { byDefault, found, named, type Outcome, type Verdict, verdictOf } from "./seccomp_rules";

export function SeccompProfile() {
  const { calls } = useSurroundings();
  const [open, setOpen] = useState(false);
  const [answer, inquire] = useInquiry<Seccomp>();
  const read = useCallback(() => {
    if (calls) void inquire(() => calls.seccomp());
  }, [calls, inquire]);
  const needed = open && answer.state === "none";
  useEffect(() => {
    if (needed) read();
  }, [needed, read]);
  return (
    <details class="panel-more sc" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("sc.title")}</summary>
      <p class="note">
        {t("sc.words")}{" "}
        <Ask panel="identity" question="seccomp" title="seccomp" sides={["container", "host"]} class="mini" />
      </p>
      {calls === null ? (
        <p class="note">{t("look.not_here")}</p>
      ) : answer.state === "failed" ? (
        <div class="look-failed" role="alert">
          <p>
            {t("sc.failed", { message: answer.error instanceof Error ? answer.error.message : String(answer.error) })}
          </p>
          <button type="button" class="mini" onClick={read}>
            {t("sc.retry")}
          </button>
        </div>
      ) : answer.state === "here" ? (
        <Profile profile={answer.value} />
      ) : (
        <p class="note">{t("sc.loading")}</p>
      )}
    </details>
  );
}

const SHOWN = 40;

function Profile({ profile }: { profile: Seccomp }) {
  const [text, setText] = useState("");
  const calls = useMemo(() => named(profile), [profile]);
  const totals = useMemo(() => {
    const count = { allowed: 0, refused: 0, asked: 0 };
    for (const call of calls) {
      const { outcomes } = verdictOf(profile, call);
      if (outcomes.length > 1) count.asked += 1;
      else if (outcomes[0]?.tone === "allowed") count.allowed += 1;
      else count.refused += 1;
    }
    return count;
  }, [profile, calls]);
  const hits = found(calls, text);
  const verdicts = hits.slice(0, SHOWN).map((call) => verdictOf(profile, call));
  const rest = byDefault(profile);
  return (
    <>
      <ul class="sc-totals num">
        <li>✓ {t("sc.count_allowed", { count: number(totals.allowed) })}</li>
        <li>✕ {t("sc.count_refused", { count: number(totals.refused) })}</li>
        <li>? {t("sc.count_asked", { count: number(totals.asked) })}</li>
        <li>
          … {t("sc.default")}: {rest.words}
        </li>
      </ul>
      <p class="wall-tools">
        <input
          class="input mono"
          type="search"
          aria-label={t("sc.search")}
          placeholder={t("sc.search_hint")}
          value={text}
          autocapitalize="off"
          spellcheck={false}
          onInput={(event) => setText(event.currentTarget.value)}
        />
      </p>
      <div role="status" class="sc-first">
        {text.trim() !== "" && verdicts[0] && <p>{sentence(verdicts[0])}</p>}
        {hits.length === 0 && <p>{t("sc.none", { text: printable(text), what: rest.words })}</p>}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <ul class="sc-list" tabIndex={0}>
        {verdicts.map((verdict) => (
          <Call key={verdict.call} verdict={verdict} />
        ))}
      </ul>
      {hits.length > SHOWN && <p class="note num">{t("sc.more", { count: hits.length - SHOWN })}</p>}
      <p class="note">
        {errnos(profile).map((errno) => (
          <span key={errno}>
            {t(`sc.errno_${errno}`)}
            <br />
          </span>
        ))}
        {t("sc.arches", { list: profile.architectures.map(printable).join(", ") })}
      </p>
    </>
  );
}

const ERRNOS = ["EPERM", "ENOSYS", "EINVAL"] as const;

function errnos(profile: Seccomp): (typeof ERRNOS)[number][] {
  const used = new Set([profile.default_errno, ...profile.rules.map((rule) => rule.errno)]);
  return ERRNOS.filter((errno) => used.has(errno));
}

/** `mount → refused with EPERM`. */
function sentence({ call, outcomes }: Verdict): string {
  const name = printable(call);
  const [first] = outcomes;
  if (outcomes.length === 1 && first?.tone === "allowed" && first.words === t("sc.allowed"))
    return t("sc.verdict_allowed", { call: name });
  if (outcomes.length === 1 && first?.errno != null) return t("sc.verdict_refused", { call: name, errno: first.errno });
  const what = outcomes.map((one) => `${one.words} ${conditionWords(one, outcomes.length > 1)}`.trim()).join("; ");
  return t("sc.verdict_other", { call: name, what });
}

function conditionWords(outcome: Outcome, several: boolean): string {
  if (outcome.when.length > 0) return t("sc.when", { conditions: outcome.when.join(t("sc.and")) });
  return several ? t("sc.otherwise") : "";
}

const SIGNS = { allowed: "✓", refused: "✕", other: "?" } as const;

function Call({ verdict }: { verdict: Verdict }) {
  const { call, outcomes } = verdict;
  const why = WHY.has(call) ? t(`sc.call_${call}` as Key) : null;
  return (
    <li>
      <code class="sc-name">{printable(call)}</code>
      <ul class="sc-outcomes">
        {outcomes.map((one) => (
          <li key={`${one.words} ${one.when.join(" ")}`} class={one.tone}>
            <b aria-hidden="true">{SIGNS[one.tone]}</b> {one.words}
            {one.when.length > 0 ? (
              <span class="muted">
                {" "}
                {t("sc.when", { conditions: "" })}
                {one.when.map((condition, index) => (
                  <span key={condition}>
                    {index > 0 && t("sc.and")}
                    <code>{printable(condition)}</code>
                  </span>
                ))}
              </span>
            ) : (
              outcomes.length > 1 && <span class="muted"> {t("sc.otherwise")}</span>
            )}
          </li>
        ))}
      </ul>
      {why !== null && <span class="note">{why}</span>}
    </li>
  );
}

/** Calls with a sentence of their own. */
const WHY: ReadonlySet<string> = new Set([
  "mount",
  "umount2",
  "unshare",
  "setns",
  "clone",
  "clone3",
  "bpf",
  "ptrace",
  "init_module",
  "finit_module",
  "kexec_load",
  "reboot",
  "pivot_root",
  "chroot",
  "keyctl",
  "io_uring_setup",
  "socket",
  "sethostname",
  "personality",
  "perf_event_open",
  "userfaultfd",
  "open_by_handle_at",
]);
