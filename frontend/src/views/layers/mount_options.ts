/** The options of an overlay mount, one by one, as /proc/PID/mountinfo has them: `,` and `:` may be escaped by `\`. */
import type { Key } from "../../i18n/index";
import type { Overlay } from "../../protocol/generated";

export interface Option {
  name: string;
  /** Null where the option is a word of its own. */
  value: string | null;
  words: Key;
}

const KNOWN: Partial<Record<string, Key>> = {
  rw: "lay.opt_rw",
  ro: "lay.opt_ro",
  relatime: "lay.opt_relatime",
  lowerdir: "lay.opt_lowerdir",
  "lowerdir+": "lay.opt_lowerdir",
  upperdir: "lay.opt_upperdir",
  workdir: "lay.opt_workdir",
  redirect_dir: "lay.opt_redirect_dir",
  index: "lay.opt_index",
  metacopy: "lay.opt_metacopy",
  xino: "lay.opt_xino",
  uuid: "lay.opt_uuid",
  userxattr: "lay.opt_userxattr",
  volatile: "lay.opt_volatile",
  nfs_export: "lay.opt_nfs_export",
  default_permissions: "lay.opt_default_permissions",
};

/** `a,b\,c` → `["a", "b\\,c"]`. */
export function split(text: string, separator: "," | ":"): string[] {
  const parts: string[] = [];
  let part = "";
  for (let index = 0; index < text.length; index++) {
    const letter = text[index] ?? "";
    if (letter === "\\") {
      part += letter + (text[index + 1] ?? "");
      index += 1;
    } else if (letter === separator) {
      parts.push(part);
      part = "";
    } else part += letter;
  }
  return [...parts, part];
}

export function explained(options: string): Option[] {
  return split(options, ",")
    .filter((part) => part !== "")
    .map((part) => {
      const cut = part.indexOf("=");
      const name = cut < 0 ? part : part.slice(0, cut);
      const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
      return { name, value: cut < 0 ? null : part.slice(cut + 1), words: known ?? "lay.opt_other" };
    });
}

/** What `docker inspect -f '{{json .GraphDriver}}'` prints of a container on overlay2: the same shape, the same order. */
export function graphDriver(overlay: Overlay) {
  return {
    Data: {
      LowerDir: overlay.lowerdir.join(":"),
      MergedDir: overlay.merged,
      UpperDir: overlay.upperdir ?? "",
      WorkDir: overlay.workdir ?? "",
    },
    Name: "overlay2",
  };
}
