/** Sentences of the other side, such as why a figure is missing, in the page's language. What is not known is shown as it came. */
import { type Key, type Params, t } from "../i18n/index";

const ERRNO = /^(E[A-Z0-9]+): .*? \((.+)\)$/s;

const ERRNOS: Partial<Record<string, Key>> = {
  ENOENT: "gap.absent",
  EACCES: "gap.refused",
  EPERM: "gap.refused",
  ENODEV: "gap.removed",
  ESRCH: "gap.ended",
};

const SENTENCES: readonly (readonly [RegExp, Key, ...string[]])[] = [
  [/^not mounted in the container/, "gap.not_mounted"],
  [/^no process is left/, "gap.no_process"],
  [/^PID 1 has ended/, "gap.no_process"],
  [/^this host has no (\S+) controller/, "gap.no_controller", "controller"],
  [/^this kernel has no time namespaces/, "gap.no_time"],
  [/^the container stands on (.+), not on an overlay/, "gap.not_overlay", "type"],
  [/^the container has no upper layer/, "gap.no_upper"],
  [/^more than (\d+) (?:entries|processes): the rest is not shown/, "gap.too_many", "count"],
  [/^the walk took more than .+: the rest is not shown/, "gap.too_slow"],
  [/^deeper than (\d+) directories: the rest is not shown/, "gap.too_deep", "count"],
  [/^v1 counts a group's I\/O only on devices/, "gap.not_counted"],
  [/^no security module of this kernel labels processes/, "wall.gap_no_labels"],
  [/^not looked at, as a program may serve them: (.+)$/, "wall.gap_served", "names"],
  [/^(\d+) mounts: the first (\d+) are shown/, "wall.gap_first", "all", "shown"],
  [/^ENOENT: .+ \((.+)\): securityfs is not mounted/, "wall.gap_securityfs", "what"],
  [/^it is in the host's own network namespace/, "wall.gap_host_net"],
  [/^(\S+): .+ \(the proc connector\): births and deaths are told/, "gap.deaf_births", "errno"],
  [/^(\S+): .+ \(\/dev\/kmsg\): who ran out of memory is told/, "gap.deaf_oom", "errno"],
  [/^(\S+): .+ \(inotify\): (?:some )?changes are told/, "gap.deaf_files", "errno"],
  [/^more than (\d+) directories, or too deep: changes in the rest/, "gap.deaf_cut", "count"],
  [/^files change faster than they can be told/, "gap.deaf_flood"],
];

const LAYERS: typeof SENTENCES = [
  [/^init layer$/, "layer.init"],
  [/^settings: users, groups, the shell's profile$/, "layer.settings"],
  [/^(.+): one static program, (\d+) names$/, "layer.busybox", "version", "count"],
  [/^(.+): the smallest system that has apt$/, "layer.base", "version"],
  [/^teaching tools: (.+)$/, "layer.tools", "tools"],
];

/** A layer's title as its image's maker wrote it; those of our own images in the page's language. */
export const layerWords = (title: string): string => known(LAYERS, title) ?? title;

export function reasonWords(reason: string): string {
  const [, errno, what] = ERRNO.exec(reason) ?? [];
  const key = errno === undefined ? undefined : ERRNOS[errno];
  if (key !== undefined && errno !== undefined && what !== undefined) return t(key, { what, errno });
  return known(SENTENCES, reason) ?? reason;
}

function known(sentences: typeof SENTENCES, text: string): string | null {
  for (const [pattern, sentence, ...names] of sentences) {
    const found = pattern.exec(text);
    if (!found) continue;
    const params: Params = {};
    for (const [index, name] of names.entries()) params[name] = found[index + 1] ?? "";
    return t(sentence, params);
  }
  return null;
}
