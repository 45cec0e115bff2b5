/** Who PID 1 is to the kernel: its ids on both sides, its part of root's power, and what else holds it. */
import "./walls.css";
import { memo } from "preact/compat";
import { t, tn } from "../../i18n/index";
import type { Identity, Snapshot } from "../../protocol/generated";
import { printable } from "../../state/format";
import { Ask, Gap } from "../parts";
import { Capabilities } from "./capabilities";
import { wouldShow } from "./hidden_paths";
import { IdMaps } from "./id_ruler";
import { SeccompProfile } from "./seccomp";
import { reasonOf, Waiting } from "./waiting";

export const IdentityPanel = memo(
  Who,
  (a, b) => a.snapshot.walls?.identity === b.snapshot.walls?.identity && a.snapshot.gaps === b.snapshot.gaps,
);

function Who({ snapshot }: { snapshot: Snapshot }) {
  const identity = snapshot.walls?.identity ?? null;
  if (identity === null) return <Waiting snapshot={snapshot} wall="identity" />;
  return (
    <div class="id">
      <IdMaps identity={identity} />
      <Capabilities identity={identity} />
      <Walls snapshot={snapshot} identity={identity} />
      <SeccompProfile />
      <Paths kind="masked" paths={identity.masked} />
      <Paths kind="readonly" paths={identity.readonly} />
    </div>
  );
}

function Walls({ snapshot, identity }: { snapshot: Snapshot; identity: Identity }) {
  const { no_new_privs: nnp = null, seccomp = null, seccomp_filters: filters = null } = identity;
  return (
    <section aria-label={t("id.walls")}>
      <h4>{t("id.walls")}</h4>
      <dl class="id-walls">
        <div>
          <dt>
            <Ask
              panel="identity"
              question="status"
              figure="NoNewPrivs"
              title="NoNewPrivs"
              sides={["container", "host"]}
            >
              {t("id.nnp")}
            </Ask>
          </dt>
          <dd>
            {nnp === null ? (
              <Gap reason={reasonOf(snapshot, "identity", "no_new_privs")} />
            ) : (
              t(nnp ? "id.nnp_on" : "id.nnp_off")
            )}
          </dd>
        </div>
        <div>
          <dt>
            <Ask panel="identity" question="status" figure="Seccomp" title="Seccomp" sides={["container", "host"]}>
              {t("id.seccomp")}
            </Ask>
          </dt>
          <dd>
            {seccomp === 2 ? (
              tn("id.seccomp_2", filters ?? 1)
            ) : seccomp === 0 || seccomp === 1 ? (
              t(`id.seccomp_${seccomp}`)
            ) : (
              <Gap reason={reasonOf(snapshot, "identity", "seccomp")} />
            )}
          </dd>
        </div>
        <div>
          <dt>
            {identity.lsm == null ? (
              t("id.lsm") // the file cannot be read then, as the words say
            ) : (
              <Ask panel="identity" question="attr/current" title="attr/current" sides={["container", "host"]}>
                {t("id.lsm")}
              </Ask>
            )}
          </dt>
          <dd>
            {lsmWords(identity, snapshot.gaps["walls.identity.lsms"] !== undefined)}
            {snapshot.gaps["walls.identity.lsms"] !== undefined && (
              <Gap reason={snapshot.gaps["walls.identity.lsms"]} />
            )}
          </dd>
        </div>
      </dl>
    </section>
  );
}

function lsmWords({ lsm = null, lsms }: Identity, hidden: boolean): string {
  const list = lsms.map(printable).join(", ");
  if (lsm !== null && lsm !== "") return t("id.lsm_label", { label: printable(lsm), lsms: list });
  if (hidden) return t("id.lsm_unknown");
  return lsms.length === 0 ? t("id.lsm_off") : t("id.lsm_none", { lsms: list });
}

function Paths({ kind, paths }: { kind: "masked" | "readonly"; paths: readonly string[] }) {
  return (
    <details class="panel-more">
      <summary>
        {t(`id.${kind}`)} <span class="muted num">{paths.length}</span>
      </summary>
      {paths.length === 0 ? (
        <p class="note">{t("id.no_paths")}</p>
      ) : (
        <>
          <p class="note">{t(`id.${kind}_words`)}</p>
          <ul class="id-list">
            {paths.map((path) => {
              const what = wouldShow(path);
              return (
                <li key={path}>
                  <code>{printable(path)}</code>
                  <span class="id-words">
                    {what === null ? "" : t(kind === "masked" ? "id.hides" : "id.keeps", { what })}
                  </span>
                </li>
              );
            })}
          </ul>
        </>
      )}
    </details>
  );
}
