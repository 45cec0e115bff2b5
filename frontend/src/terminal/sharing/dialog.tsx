/** Sharing a terminal: what it means, a link for some hours, who came by it, and the end of it. */
import { useEffect, useRef, useState } from "preact/hooks";
import { ago, dateTime } from "../../i18n/format";
import { locale, t, tn } from "../../i18n/index";
import type { Share } from "../../protocol/rest";
import { announce, speak } from "../../ui/announce";
import { ask, Dialog } from "../../ui/dialog";
import { Icon } from "../../ui/icons";
import { FailureNotice } from "../../ui/notice";
import { isNumber, remembered } from "../../ui/preferences";
import type { Tab } from "../tab";
import { type Audience, audience, labelOf, namesOf, plainName } from "./people";
import { Name } from "./said";
import type { Shares } from "./shares";

const HOURS = [1, 4, 24, 72] as const;
/** Links expire while the dialog is open. */
const TICK_MS = 20_000;
const COPIED_MS = 3_000;
const COPY_KEYS = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘C" : "Ctrl+C";

const hours = remembered(
  "share.hours",
  4,
  (value): value is number => isNumber(value) && HOURS.some((h) => h === value),
);

interface Props {
  shares: Shares;
  tab: Tab;
  /** All of the container's: a link may lead to another one of them. */
  tabs: readonly Tab[];
  onClose: () => void;
}

const nameOf = (tab: Tab | undefined): string => (tab === undefined ? "?" : plainName(labelOf(tab)));

export function ShareDialog({ shares, tab, tabs, onClose }: Props) {
  const [now, setNow] = useState(() => new Date());
  const [fresh, setFresh] = useState<string | null>(null);
  const state = tab.parts.value?.session.state.value;
  const all = state ? audience(state) : null;
  const here = namesOf(all?.guests ?? []).join("\n");

  // Whoever comes or goes may have come by one of the links.
  // biome-ignore lint/correctness/useExhaustiveDependencies: `here` is why it is asked again
  useEffect(() => void shares.refresh(), [shares, here]);
  useEffect(() => {
    const timer = setInterval(() => setNow(new Date()), TICK_MS);
    return () => clearInterval(timer);
  }, []);

  const make = async () => {
    const made = await shares.make(tab.id, hours.peek());
    if (made === null) return;
    setNow(new Date());
    setFresh(made.id);
    speak(t("share.created"));
  };

  const stop = async (share: Share) => {
    const watching = all?.guests.filter((guest) => cameBy(share, guest.name)) ?? [];
    const names = namesOf(share.terminal === tab.id ? watching : []);
    if (names.length > 0) {
      const yes = await ask({
        title: t("share.stop_title"),
        body: tn("share.stop_body", names.length),
        action: t("share.stop"),
        danger: true,
      });
      if (!yes) return;
    }
    if (await shares.stop(share.id)) announce(t("share.stopped"));
  };

  const valid = shares.valid(now);
  const failure = shares.failure.value;
  const making = shares.making.value;
  const sorted = [...(valid ?? [])].sort((a, b) => Number(b.terminal === tab.id) - Number(a.terminal === tab.id));
  return (
    <Dialog title={t("share.title", { terminal: nameOf(tab) })} onClose={onClose} wide>
      {failure && <FailureNotice failure={failure} onRetry={failure.again} onDismiss={() => shares.dismiss()} />}
      {valid === null && failure === null && <p class="share-loading">{t("share.loading")}</p>}
      {sorted.length > 0 && (
        <section class="share-links" aria-label={t("share.links")}>
          {sorted.map((share) => (
            <Link
              key={share.id}
              share={share}
              terminal={share.terminal === tab.id ? null : nameOf(tabs.find((other) => other.id === share.terminal))}
              all={share.terminal === tab.id ? all : null}
              now={now}
              fresh={share.id === fresh}
              stopping={shares.stopping.value.has(share.id)}
              onStop={() => void stop(share)}
            />
          ))}
        </section>
      )}
      <form
        class="share-new"
        onSubmit={(event) => {
          event.preventDefault();
          void make();
        }}
      >
        <label class="share-hours">
          <span>{t("share.hours")}</span>
          <select
            class="input"
            value={hours.value}
            onChange={(event) => {
              hours.value = Number(event.currentTarget.value);
            }}
          >
            {HOURS.map((count) => (
              <option key={count} value={count}>
                {count < 24 ? tn("share.hours", count) : tn("share.days", count / 24)}
              </option>
            ))}
          </select>
        </label>
        <button type="submit" class={`button ${sorted.length > 0 ? "" : "primary"}`} data-first aria-disabled={making}>
          {t(making ? "share.creating" : sorted.length > 0 ? "share.create_another" : "share.create")}
        </button>
      </form>
      <Meaning open={valid !== null && sorted.length === 0} />
    </Dialog>
  );
}

/** Said in full before the first link, and on demand after. */
function Meaning({ open }: { open: boolean }) {
  const points = (
    <ul class="share-points">
      <li>
        <Icon name="xray" />
        {t("share.what_sees")}
      </li>
      <li>
        <Icon name="keyboard" />
        {t("share.what_types")}
      </li>
      <li>
        <Icon name="terminal" />
        {t("share.what_only")}
      </li>
    </ul>
  );
  if (open) {
    return (
      <section class="share-meaning">
        <h3>{t("share.what_title")}</h3>
        {points}
      </section>
    );
  }
  return (
    <details class="share-meaning">
      <summary>{t("share.what_title")}</summary>
      {points}
    </details>
  );
}

interface LinkProps {
  share: Share;
  /** Of another terminal: its name. */
  terminal: string | null;
  all: Audience | null;
  now: Date;
  fresh: boolean;
  stopping: boolean;
  onStop: () => void;
}

function Link({ share, terminal, all, now, fresh, stopping, onStop }: LinkProps) {
  const until = new Date(share.expires_at);
  return (
    <article class="share-link" data-share={share.id}>
      {terminal !== null && <h3>{t("share.link_of", { terminal })}</h3>}
      <Address url={new URL(share.url, location.origin).href} focus={fresh} />
      <div class="share-link-foot">
        <p class="share-until" title={dateTime(until)}>
          {t("share.valid_until", { time: moment(until, now) })}
        </p>
        <button
          type="button"
          class="button small danger"
          aria-label={t("share.stop_of", { time: moment(until, now) })}
          aria-disabled={stopping}
          onClick={onStop}
        >
          {t(stopping ? "share.stopping" : "share.stop")}
        </button>
      </div>
      {share.guests.length === 0 ? (
        <p class="share-nobody">{t("share.nobody")}</p>
      ) : (
        <ul class="share-guests" aria-label={t("share.joined")}>
          {share.guests.map((guest) => (
            <li key={`${guest.name} ${guest.since}`}>
              <Name>{plainName(guest.name)}</Name>
              <span class="share-note" title={dateTime(new Date(guest.since))}>
                {t("share.joined_at", { time: ago(new Date(guest.since), now) })}
              </span>
              {all?.guests.some((here) => here.name === plainName(guest.name)) && (
                <span class="share-here">
                  <Icon name="circle" filled />
                  {t("share.watching_now")}
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

/** The link in a field, so that it can be copied by hand where the browser does not let the page. */
function Address({ url, focus }: { url: string; focus: boolean }) {
  const field = useRef<HTMLInputElement>(null);
  const button = useRef<HTMLButtonElement>(null);
  const [copied, setCopied] = useState<"no" | "yes" | "refused">("no");
  useEffect(() => {
    if (focus) button.current?.focus();
  }, [focus]);
  useEffect(() => {
    if (copied !== "yes") return;
    const timer = setTimeout(() => setCopied("no"), COPIED_MS);
    return () => clearTimeout(timer);
  }, [copied]);
  const copy = async () => {
    const done = await copyFrom(field.current);
    setCopied(done ? "yes" : "refused");
    if (done) speak(t("share.copied_told"));
  };
  return (
    <div class="share-address">
      <input
        ref={field}
        class="input mono"
        readOnly
        value={url}
        aria-label={t("share.link")}
        onFocus={(event) => event.currentTarget.select()}
      />
      <button type="button" ref={button} class="button" onClick={() => void copy()}>
        <Icon name={copied === "yes" ? "check" : "copy"} />
        {t(copied === "yes" ? "share.copied" : "share.copy")}
      </button>
      {copied === "refused" && (
        <p class="share-refused" role="alert">
          {t("share.not_copied", { keys: COPY_KEYS })}
        </p>
      )}
    </div>
  );
}

/** Copies what a field holds, or leaves it selected. What is not in the dialog cannot be: all else is inert behind it. */
async function copyFrom(field: HTMLInputElement | null): Promise<boolean> {
  if (field === null) return false;
  try {
    await navigator.clipboard.writeText(field.value);
    return true;
  } catch {
    field.focus();
    field.select();
    return document.execCommand("copy");
  }
}

const cameBy = (share: Share, name: string): boolean => share.guests.some((guest) => plainName(guest.name) === name);

/** `14:30`, with the day where it is not today. */
function moment(when: Date, now: Date): string {
  const today = when.toDateString() === now.toDateString();
  return new Intl.DateTimeFormat(locale(), {
    ...(!today && { weekday: "short", day: "numeric", month: "short" }),
    hour: "numeric",
    minute: "2-digit",
  }).format(when);
}
