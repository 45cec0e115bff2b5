/** Processes and namespaces by name, in the page's language. */
import { t } from "../../i18n/index";
import type { Snapshot } from "../../protocol/generated";
import { printable } from "../../state/format";

/** `PID 7 unshare`, as the container counts; by the host's number where it is not of the container. */
export function processName(snapshot: Snapshot, key: string): string {
  const inside = snapshot.container.processes[key];
  if (inside) return t("ns.process", { pid: inside.pid, command: printable(inside.comm) });
  const outside = snapshot.host.processes[key];
  return t("ns.process_outside", { pid: key, command: outside ? printable(outside.comm) : "" }).trim();
}
