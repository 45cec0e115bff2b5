/** Change what a running container may use, within what the person may give, and watch the effect. */
import { useRef, useState } from "preact/hooks";
import { bytes, number } from "../../i18n/format";
import { type Key, t } from "../../i18n/index";
import type { Limits, Snapshot } from "../../protocol/generated";
import type { Quota } from "../../protocol/rest";
import { type Failure, failure } from "../../ui/failure";
import { useSurroundings } from "../context";
import { Refused } from "./refused";

const MIB = 1 << 20;

interface Field {
  name: keyof Limits;
  label: Key;
  unit: number;
  least: number;
  step: number;
  /** `256 MiB`, `0.5 cores`. */
  show(value: number): string;
}

const size = (value: number): string => bytes(value * MIB);
export const FIELDS: readonly Field[] = [
  { name: "memory_bytes", label: "cg.field_memory", unit: MIB, least: 6, step: 1, show: size },
  {
    name: "cpus",
    label: "cg.field_cpus",
    unit: 1,
    least: 0.01,
    step: 0.01,
    show: (value) => t("cg.cores", { cores: number(value) }),
  },
  { name: "pids", label: "cg.field_pids", unit: 1, least: 1, step: 1, show: (value) => number(value) },
  { name: "disk_bytes", label: "cg.field_disk", unit: MIB, least: 1, step: 1, show: size },
];

type Draft = Partial<Record<keyof Limits, string>>;
type Told = { kind: "done"; undo: Partial<Limits> } | { kind: "failed"; failed: Failure };

interface Props {
  snapshot: Snapshot;
  past: boolean;
}

export function LimitsForm({ snapshot, past }: Props) {
  const { calls, quota = null } = useSurroundings();
  const [draft, setDraft] = useState<Draft>({});
  const newest = useRef(draft); // Enter may come before what was typed is drawn
  const [busy, setBusy] = useState(false);
  const [told, setTold] = useState<Told | null>(null);
  const { limits } = snapshot.info;
  const wish = wished(draft, limits);
  const changed = Object.keys(wish).length > 0 && FIELDS.every(({ name }) => isNumber(draft[name]));
  const possible = calls !== null && snapshot.info.state === "running" && !past;

  const write = (next: Draft): void => {
    newest.current = next;
    setDraft(next);
  };

  const send = async (wanted: Partial<Limits>): Promise<void> => {
    if (!possible || busy || Object.keys(wanted).length === 0) return;
    const undo = Object.fromEntries(FIELDS.flatMap(({ name }) => (name in wanted ? [[name, limits[name]]] : [])));
    setBusy(true);
    setTold(null);
    try {
      await calls.setLimits(wanted);
      write({});
      setTold({ kind: "done", undo });
    } catch (error) {
      setTold({ kind: "failed", failed: failure(error, "cg.not_limited") });
    } finally {
      setBusy(false);
    }
  };

  const discard = (): void => {
    write({});
    setTold(null);
  };
  const failed = told?.kind === "failed" ? told.failed : null;
  const blamed = FIELDS.some(({ name }) => name === failed?.field) ? (failed?.field ?? null) : null;
  return (
    <form
      class="cg-block limits"
      aria-label={t("cg.limits")}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void send(wished(newest.current, limits));
      }}
    >
      <h5>{t("cg.limits")}</h5>
      {FIELDS.map((field) => (
        <Row
          key={field.name}
          field={field}
          limit={limits[field.name]}
          most={most(field, quota, limits)}
          now={inUse(field.name, snapshot)}
          text={draft[field.name]}
          wrong={
            blamed === field.name || tooMuch(field, draft[field.name], quota, limits)
              ? (outOfRange(field, draft[field.name], quota, limits) ?? failed?.technical ?? failed?.detail ?? "")
              : isNumber(draft[field.name])
                ? null
                : t("cg.not_a_number")
          }
          disabled={!possible}
          onInput={(text) => {
            write({ ...newest.current, [field.name]: text });
            setTold(null);
          }}
        />
      ))}
      <div class="cg-actions">
        <button type="submit" class="button small primary" aria-disabled={!possible || busy || !changed}>
          {t(busy ? "cg.applying" : "cg.apply")}
        </button>
        {Object.keys(draft).length > 0 && !busy && (
          <button type="button" class="button small" onClick={discard}>
            {t("cg.discard")}
          </button>
        )}
        {told?.kind === "done" && Object.keys(draft).length === 0 && (
          <button type="button" class="button small" aria-disabled={busy} onClick={() => void send(told.undo)}>
            {t("cg.undo")}
          </button>
        )}
      </div>
      <p class="cg-words" role="status">
        {told?.kind === "done" ? t("cg.limits_done") : t(past ? "cg.not_in_the_past" : "cg.limits_words")}
      </p>
      {failed !== null && blamed === null && <Refused failed={failed} />}
    </form>
  );
}

interface RowProps {
  field: Field;
  limit: number;
  most: number;
  now: string | null;
  text: string | undefined;
  wrong: string | null;
  disabled: boolean;
  onInput(text: string): void;
}

function Row({ field, limit, most: top, now, text, wrong, disabled, onInput }: RowProps) {
  const set = limit / field.unit;
  const value = text ?? String(set);
  const id = `limit-${field.name}`;
  const label = t(field.label);
  const parsed = Number(value);
  const different = text !== undefined && parsed !== set;
  return (
    <div class="limit-row" data-changed={different ? "true" : undefined}>
      <label for={id}>{label}</label>
      <input
        type="range"
        aria-label={t("cg.slider", { what: label })}
        aria-valuetext={Number.isFinite(parsed) ? field.show(parsed) : value}
        min={field.least}
        max={top}
        step={field.step}
        value={Number.isFinite(parsed) ? parsed : set}
        disabled={disabled}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <input
        id={id}
        class="input num"
        inputMode="decimal"
        autocomplete="off"
        value={value}
        disabled={disabled}
        aria-invalid={wrong !== null}
        aria-describedby={`${id}-note`}
        onInput={(event) => onInput(event.currentTarget.value)}
      />
      <p class={`limit-note ${wrong === null ? "" : "bad"}`} id={`${id}-note`}>
        {wrong !== null
          ? wrong
          : [
              now === null ? null : t("cg.in_use", { now }),
              different ? t("cg.was", { was: field.show(set) }) : null,
              t("cg.at_most", { most: field.show(top) }),
            ]
              .filter((part) => part !== null)
              .join(" · ")}
      </p>
    </div>
  );
}

/** Only what differs. */
export function wished(draft: Draft, limits: Limits): Partial<Limits> {
  const wish: Partial<Limits> = {};
  for (const { name, unit } of FIELDS) {
    const text = draft[name]?.trim();
    if (text === undefined || text === "") continue;
    const asked = Number(text) * unit;
    const value = unit === 1 ? asked : Math.round(asked);
    if (Number.isFinite(value) && value !== limits[name]) wish[name] = value;
  }
  return wish;
}

/** Why it was refused, in the page's language, where that can be told from here. */
function outOfRange(field: Field, text: string | undefined, quota: Quota | null, limits: Limits): string | null {
  const value = Number(text);
  const top = most(field, quota, limits);
  if (value > top) return t("cg.above", { most: field.show(top) });
  return value < field.least ? t("cg.below", { least: field.show(field.least) }) : null;
}

/** Said while it is typed: more digits make it no better. Too little may be on the way to enough. */
const tooMuch = (field: Field, text: string | undefined, quota: Quota | null, limits: Limits): boolean =>
  text !== undefined && Number(text) > most(field, quota, limits);

const isNumber = (text: string | undefined): boolean =>
  text === undefined || (text.trim() !== "" && Number.isFinite(Number(text)));

/** The slider's end: the quota, but never less than what is set already, which an earlier quota allowed. */
function most({ name, unit }: Field, quota: Quota | null, limits: Limits): number {
  const allowed = quota?.[name] ?? limits[name] * 2;
  return Math.max(allowed, limits[name]) / unit;
}

export function inUse(name: keyof Limits, snapshot: Snapshot): string | null {
  const { summary } = snapshot.container.cgroup;
  switch (name) {
    case "memory_bytes":
      return summary.memory_bytes == null ? null : bytes(summary.memory_bytes);
    case "pids":
      return summary.pids_current == null ? null : number(summary.pids_current);
    case "disk_bytes": {
      const used = snapshot.host.overlay.upper_used_bytes ?? null;
      return used === null ? null : bytes(used);
    }
    case "cpus":
      return null;
  }
}
