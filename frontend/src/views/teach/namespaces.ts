/** What each kind of namespace is, and how to tell whether two processes share one. */
import { t } from "../../i18n/index";
import { teach } from "./registry";

const KINDS = {
  mnt: "teach.ns_mnt",
  pid: "teach.ns_pid",
  net: "teach.ns_net",
  ipc: "teach.ns_ipc",
  uts: "teach.ns_uts",
  user: "teach.ns_user",
  cgroup: "teach.ns_cgroup",
  time: "teach.ns_time",
  pid_for_children: "teach.ns_pid_for_children",
  time_for_children: "teach.ns_time_for_children",
} as const;

teach("namespaces", ({ key: asked, side }, snapshot) => {
  const key = asked.slice(asked.indexOf("/") + 1); // `48213/net`: of one process
  if (!Object.hasOwn(KINDS, key)) return null;
  const kind = key as keyof typeof KINDS;
  const shared = key === asked ? (snapshot?.container.namespaces[kind]?.same_as_host ?? null) : null;
  const words = t(KINDS[kind]);
  if (shared === null) return { words };
  const verdict = t(shared ? "teach.ns_shared" : side === "host" ? "teach.ns_hosts" : "teach.ns_own");
  return { words: t("teach.both", { words, verdict }) };
});
