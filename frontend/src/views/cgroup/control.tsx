/** Control: hold all processes still, let them go on, change what they may use. */
import { memo } from "preact/compat";
import { useEffect, useState } from "preact/hooks";
import { t } from "../../i18n/index";
import type { Snapshot } from "../../protocol/generated";
import { formOf } from "../../state/accounting";
import { type Failure, failure } from "../../ui/failure";
import { useSurroundings } from "../context";
import { asking } from "../figures";
import { Ask, Words } from "../parts";
import { InView } from "./in_view";
import { FIELDS, inUse, LimitsForm } from "./limits";
import { FIGURES, keyOf } from "./names";
import { Part } from "./part";
import { Refused } from "./refused";

interface Props {
  snapshot: Snapshot;
  /** What is shown is not what is: nothing can be done to it. */
  past: boolean;
}

/** Drawn again only when what it says is another: a form under the hand must not be touched by figures that tick. */
export const Control = memo(Shown, (a, b) => {
  if (a.past !== b.past) return false;
  const [one, two] = [said(a.snapshot), said(b.snapshot)];
  return one.every((part, index) => part === two[index]);
});

const said = (snapshot: Snapshot) => [
  snapshot.info.id,
  snapshot.info.limits,
  snapshot.info.state,
  isFrozen(snapshot),
  snapshot.container.cgroup.mode,
  ...FIELDS.map(({ name }) => inUse(name, snapshot)),
];

function Shown({ snapshot, past }: Props) {
  return (
    <Part name="control">
      <InView class="cg-pair">
        <Freezer snapshot={snapshot} past={past} />
        <LimitsForm snapshot={snapshot} past={past} />
      </InView>
    </Part>
  );
}

/** What the freezer's file says; the worker's own word where it cannot be read. */
const isFrozen = (snapshot: Snapshot): boolean =>
  snapshot.host.cgroup.frozen ?? snapshot.container.cgroup.frozen ?? snapshot.info.frozen ?? false;

export const heldStill = (snapshot: Snapshot): boolean => snapshot.info.state === "running" && isFrozen(snapshot);

function Freezer({ snapshot, past }: Props) {
  const { calls } = useSurroundings();
  const [busy, setBusy] = useState(false);
  const [failed, setFailed] = useState<Failure | null>(null);
  const [wanted, setWanted] = useState<boolean | null>(null); // done, and not seen in the figures yet
  const seen = isFrozen(snapshot);
  useEffect(() => {
    if (wanted === seen) setWanted(null);
  }, [wanted, seen]);
  const frozen = wanted ?? seen;
  const running = snapshot.info.state === "running";
  const possible = calls !== null && running && !past;
  const form = formOf(snapshot.container.cgroup);
  const key = keyOf(snapshot.host.cgroup, "freeze");

  const turn = async (): Promise<void> => {
    if (!possible || busy) return;
    setBusy(true);
    setFailed(null);
    try {
      await calls.freeze(!frozen);
      setWanted(!frozen);
    } catch (error) {
      setFailed(failure(error, frozen ? "cg.not_thawed" : "cg.not_frozen"));
    } finally {
      setBusy(false);
    }
  };

  const doing = frozen ? t(busy ? "cg.thawing" : "cg.thaw") : t(busy ? "cg.freezing" : "cg.freeze");
  return (
    <section class="cg-block freezer" data-frozen={frozen ? "true" : undefined} aria-label={t("cg.freezer")}>
      <h5>{t("cg.freezer")}</h5>
      <p class="cg-files">
        {key === null ? (
          <code>{FIGURES.freeze[form]}</code>
        ) : (
          <Ask {...asking(key, "freeze")} sides={["host"]}>
            <code>{key.slice(key.indexOf("/") + 1)}</code>
          </Ask>
        )}
      </p>
      <p class="freezer-state" role="status">
        {t(frozen ? "cg.is_frozen" : running ? "cg.is_thawed" : "cg.is_over")}
      </p>
      <div class="cg-actions">
        <button
          type="button"
          class="button small"
          aria-disabled={!possible || busy}
          aria-describedby="freezer-words"
          onClick={() => void turn()}
        >
          {doing}
        </button>
        {!possible && running && <span class="muted">{t(past ? "cg.not_in_the_past" : "cg.look_only")}</span>}
      </div>
      <p class="cg-words" id="freezer-words">
        <Words text={t("cg.freeze_words")} stop={<code>SIGSTOP</code>} />
      </p>
      {failed && <Refused failed={failed} />}
    </section>
  );
}

/** The way out, where the news is. What goes wrong is said at the freezer. */
function ThawNow() {
  const { calls, store, reveal } = useSurroundings();
  const [busy, setBusy] = useState(false);
  if (calls === null || (store && store.cursor.value !== null)) return null;
  const thaw = async (): Promise<void> => {
    if (busy) return;
    setBusy(true);
    try {
      await calls.freeze(false);
    } catch {
      reveal("cgroup");
    } finally {
      setBusy(false);
    }
  };
  return (
    <button type="button" class="mini" aria-disabled={busy} onClick={() => void thaw()}>
      {t(busy ? "cg.thawing" : "cg.thaw")}
    </button>
  );
}

/** Above all panels while the container is frozen: what is shown does not move, and why. */
export function FrozenBanner({ snapshot }: { snapshot: Snapshot }) {
  const { reveal } = useSurroundings();
  if (!heldStill(snapshot)) return null;
  return (
    <p class="banner frozen">
      <b>{t("cg.banner_frozen")}</b> {t("cg.banner_frozen_words")} <ThawNow />{" "}
      <button type="button" class="mini" onClick={() => reveal("cgroup")}>
        {t("cg.banner_go")}
      </button>
    </p>
  );
}
