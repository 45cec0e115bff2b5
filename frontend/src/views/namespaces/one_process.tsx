/** Ask for one process: which column of the matrix is it in? By number, or by pointing at it anywhere. */
import { useComputed, useSignal } from "@preact/signals";
import { t } from "../../i18n/index";
import type { Snapshot } from "../../protocol/generated";
import { nameOf } from "../../state/link";
import { LINKS } from "../../state/namespaces";
import { useSurroundings } from "../context";
import { Copy } from "../parts";
import { processName } from "./words";

export function OneProcess({ snapshot }: { snapshot: Snapshot }) {
  const { link, typeIntoTerminal } = useSurroundings();
  const asked = useSignal("");
  const lit = useComputed(() => {
    const thing = link.current.value;
    return thing?.startsWith("process:") ? nameOf(thing) : null;
  });
  if (!snapshot.graph) return null;
  const typed = asked.value.trim();
  const found = typed === "" ? lit.value : keyOf(snapshot, Number(typed));
  const inner = found === null ? null : (snapshot.container.processes[found]?.pid ?? null);
  const command = inner === null ? null : `ls -l /proc/${inner}/ns`;
  return (
    <div class="ns-one">
      <label for="ns-pid">{t("ns.one_process")}</label>
      <input
        id="ns-pid"
        class="input num"
        inputMode="numeric"
        autocomplete="off"
        placeholder={t("ns.any")}
        value={asked.value}
        onInput={(event) => {
          asked.value = event.currentTarget.value;
        }}
      />
      <output for="ns-pid" class="ns-answer">
        {found !== null ? sentence(snapshot, found) : typed === "" ? t("ns.point") : t("ns.no_such", { pid: typed })}
      </output>
      {command !== null && typed !== "" && (
        <span class="ns-command">
          <code>{command}</code>
          {typeIntoTerminal && (
            <button type="button" class="mini strong" onClick={() => typeIntoTerminal(command)}>
              {t("showme.type")}
            </button>
          )}
          <Copy text={command} what={command} />
        </span>
      )}
    </div>
  );
}

/** Host pid of the process with that number inside. */
function keyOf(snapshot: Snapshot, pid: number): string | null {
  for (const [key, process] of Object.entries(snapshot.container.processes)) if (process.pid === pid) return key;
  return null;
}

export function sentence(snapshot: Snapshot, key: string): string {
  const who = processName(snapshot, key);
  const { graph } = snapshot;
  if (!(key in snapshot.container.processes)) return t("ns.is_outside", { who });
  const differs = graph?.differs[key] ?? {};
  const kinds = LINKS.filter((one) => one in differs);
  if (kinds.length === 0) return t("ns.is_as_pid_1", { who });
  return t("ns.is_apart", { who, kinds: kinds.map((kind) => differs[kind] || `${kind} (ENOENT)`).join(" ") });
}
