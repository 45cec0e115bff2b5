/** Where the figures of mounts, devices, identity and network come from, and how to read it. */
import { t } from "../../i18n/index";
import { type Lesson, teach } from "./registry";

teach("mounts", ({ key }) => (key === "mountinfo" ? { words: t("wt.mountinfo") } : null));

teach("devices", ({ key }) => (key === "dev" ? { words: t("wt.dev") } : null));

const STATUS: Partial<Record<string, () => Lesson>> = {
  NoNewPrivs: () => ({ words: t("wt.nnp"), line: /^NoNewPrivs:/ }),
  Seccomp: () => ({ words: t("wt.seccomp"), line: /^Seccomp/ }),
};

teach("identity", ({ key, figure }) => {
  switch (key) {
    case "uid_map":
    case "gid_map":
      return { words: t("wt.id_map"), formula: t("wt.id_map_formula") };
    case "status":
      return (
        STATUS[figure ?? ""]?.() ?? {
          words: t("wt.caps"),
          formula: t("wt.caps_formula"),
          line: /^Cap(?:Inh|Prm|Eff|Bnd|Amb):/,
        }
      );
    case "attr/current":
      return { words: t("wt.lsm") };
    case "seccomp":
      return { words: t("wt.seccomp") };
    default:
      return null;
  }
});

const NETWORK = { dev: "wt.net_dev", links: "wt.links", route: "wt.route", sockets: "wt.sockets" } as const;

teach("network", ({ key }) =>
  Object.hasOwn(NETWORK, key) ? { words: t(NETWORK[key as keyof typeof NETWORK]) } : null,
);
