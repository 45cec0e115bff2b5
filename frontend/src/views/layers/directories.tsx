/** The mount itself: its directories, its options with what each says, and the same as an engine tells it. */
import { t } from "../../i18n/index";
import type { Overlay, Snapshot } from "../../protocol/generated";
import { printable } from "../../state/format";
import { Ask, Copy, Gap, Words } from "../parts";
import { explained, graphDriver, split } from "./mount_options";
import { gap, MOUNTINFO } from "./sources";

const INSPECT = "docker inspect -f '{{json .GraphDriver}}'";

export function Directories({ snapshot, overlay }: { snapshot: Snapshot; overlay: Overlay }) {
  return (
    <details class="panel-more">
      <summary>{t("ov.mount")}</summary>
      <dl class="ov-dirs">
        <Directory name="upperdir" path={overlay.upperdir ?? null} reason={gap(snapshot, "upperdir")} />
        <Directory name="workdir" path={overlay.workdir ?? null} reason={gap(snapshot, "workdir")} />
        <Directory name="merged" path={overlay.merged} reason={undefined} />
        {overlay.lowerdir.map((path, index) => (
          <Directory key={path} name={`lowerdir ${index + 1}`} path={path} reason={undefined} />
        ))}
      </dl>
      <p class="note">{t("ov.where")}</p>
      <h4>
        {t("ov.options")} {overlay.options && <Copy text={overlay.options} what={t("ov.options")} />}{" "}
        <Ask {...MOUNTINFO} class="mini" />
      </h4>
      {overlay.options ? <Options options={overlay.options} /> : <Gap reason={gap(snapshot, "options")} />}
    </details>
  );
}

function Options({ options }: { options: string }) {
  return (
    <>
      <code class="ov-options">{printable(options)}</code>
      <h5>{t("lay.opt")}</h5>
      <dl class="ov-explained">
        {explained(options).map(({ name, value, words }) => (
          <div key={`${name}=${value}`}>
            <dt>
              <code>{printable(name)}</code>
              {value !== null && <Value name={name} value={value} />}
            </dt>
            <dd>{t(words)}</dd>
          </div>
        ))}
      </dl>
    </>
  );
}

/** Long values are in the line above already: of paths only how many there are. */
function Value({ name, value }: { name: string; value: string }) {
  if (name.startsWith("lowerdir")) return <span class="muted num"> × {split(value, ":").length}</span>;
  if (value.startsWith("/")) return null;
  return <code>={printable(value)}</code>;
}

export function Driver({ overlay }: { overlay: Overlay }) {
  const driver = graphDriver(overlay);
  const line = JSON.stringify(driver);
  return (
    <details class="panel-more">
      <summary>{t("lay.driver")}</summary>
      <p class="note">
        <Words text={t("lay.driver_words")} command={<code>{INSPECT}</code>} />
      </p>
      <h5>
        <code>.GraphDriver</code> <Copy text={line} what=".GraphDriver" />
      </h5>
      <code class="ov-options">{printable(line)}</code>
      <h5>
        <code>| jq</code>
      </h5>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <pre class="ov-json" tabIndex={0}>
        {JSON.stringify(driver, null, 2)}
      </pre>
    </details>
  );
}

function Directory({ name, path, reason }: { name: string; path: string | null; reason: string | undefined }) {
  return (
    <div>
      <dt>
        <code>{name}</code>
      </dt>
      <dd>
        {path === null ? (
          <Gap reason={reason} />
        ) : (
          <>
            <code>{path}</code> <Copy text={path} what={name} />
          </>
        )}
      </dd>
    </div>
  );
}
