/** The walls as panels: mounts, devices, identity, network. Folded until a person opens them. */
import { t, tn } from "../../i18n/index";
import type { PanelDescriptor } from "../scene";
import { CAPABILITIES } from "./capability_names";
import { DevicesPanel } from "./devices";
import { translate } from "./id_map";
import { IdentityPanel } from "./identity";
import { MountsPanel } from "./mounts";
import { NetworkPanel, onlyLoopback } from "./network";

const mounts: PanelDescriptor = {
  name: "mounts",
  title: "mt.title",
  counts: ({ shown }) => shown.walls,
  summary: ({ shown }) => {
    const tables = shown.walls?.mounts;
    return tables ? tn("mt.summary", Object.keys(tables.container).length) : "";
  },
  render: ({ shown, marks }) => <MountsPanel snapshot={shown} marks={marks.mounts} />,
};

const devices: PanelDescriptor = {
  name: "devices",
  title: "dv.title",
  counts: ({ shown }) => shown.walls,
  summary: ({ shown }) => {
    const both = shown.walls?.devices;
    if (!both) return "";
    return t("dv.summary", {
      inside: Object.keys(both.container).length,
      outside: Object.keys(both.host).length,
    });
  },
  render: ({ shown, marks }) => <DevicesPanel snapshot={shown} marks={marks.devices} />,
};

const identity: PanelDescriptor = {
  name: "identity",
  title: "id.title",
  counts: ({ shown }) => shown.walls,
  summary: ({ shown }) => {
    const who = shown.walls?.identity;
    if (!who) return "";
    const uid = translate(who.uid_map, 0, "inside");
    const held = who.capabilities.effective?.length ?? 0;
    const all = Math.max(held, CAPABILITIES.length);
    return uid === null ? t("id.summary_plain", { held, all }) : t("id.summary", { uid, held, all });
  },
  render: ({ shown }) => <IdentityPanel snapshot={shown} />,
};

const network: PanelDescriptor = {
  name: "network",
  title: "nw.title",
  counts: ({ shown }) => shown.walls,
  summary: ({ shown }) => {
    const view = shown.walls?.network?.container;
    if (!view) return "";
    return onlyLoopback(view) ? t("nw.summary_lo") : tn("nw.summary", Object.keys(view.interfaces).length);
  },
  render: ({ shown, marks }) => <NetworkPanel snapshot={shown} marks={marks.network} />,
};

export const WALLS: readonly PanelDescriptor[] = [mounts, devices, identity, network];
