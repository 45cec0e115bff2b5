/** All dictionaries, English beside Chinese. A new pair is named here, and nowhere else. */
import appEn from "./app.en";
import appZh from "./app.zh-hans";
import cgroupEn from "./cgroup.en";
import cgroupZh from "./cgroup.zh-hans";
import comfortEn from "./comfort.en";
import comfortZh from "./comfort.zh-hans";
import filesEn from "./files.en";
import filesZh from "./files.zh-hans";
import layersEn from "./layers.en";
import layersZh from "./layers.zh-hans";
import namespacesEn from "./namespaces.en";
import namespacesZh from "./namespaces.zh-hans";
import panelsEn from "./panels.en";
import panelsZh from "./panels.zh-hans";
import processesEn from "./processes.en";
import processesZh from "./processes.zh-hans";
import recordingsEn from "./recordings.en";
import recordingsZh from "./recordings.zh-hans";
import sharingEn from "./sharing.en";
import sharingZh from "./sharing.zh-hans";
import teachEn from "./teach.en";
import teachZh from "./teach.zh-hans";
import terminalEn from "./terminal.en";
import terminalZh from "./terminal.zh-hans";
import timeEn from "./time.en";
import timeZh from "./time.zh-hans";
import wallsEn from "./walls.en";
import wallsZh from "./walls.zh-hans";

export const english = {
  ...appEn,
  ...panelsEn,
  ...cgroupEn,
  ...namespacesEn,
  ...teachEn,
  ...timeEn,
  ...terminalEn,
  ...processesEn,
  ...comfortEn,
  ...layersEn,
  ...wallsEn,
  ...sharingEn,
  ...recordingsEn,
  ...filesEn,
};

/** Typed by the English one: a key that is missing here does not compile. */
export const chinese: Record<keyof typeof english, string> = {
  ...appZh,
  ...panelsZh,
  ...cgroupZh,
  ...namespacesZh,
  ...teachZh,
  ...timeZh,
  ...terminalZh,
  ...processesZh,
  ...comfortZh,
  ...layersZh,
  ...wallsZh,
  ...sharingZh,
  ...recordingsZh,
  ...filesZh,
};

/** For the tests, by name. */
export const pairs: readonly (readonly [string, Record<string, string>, Record<string, string>])[] = [
  ["app", appEn, appZh],
  ["panels", panelsEn, panelsZh],
  ["cgroup", cgroupEn, cgroupZh],
  ["namespaces", namespacesEn, namespacesZh],
  ["teach", teachEn, teachZh],
  ["time", timeEn, timeZh],
  ["terminal", terminalEn, terminalZh],
  ["processes", processesEn, processesZh],
  ["comfort", comfortEn, comfortZh],
  ["layers", layersEn, layersZh],
  ["walls", wallsEn, wallsZh],
  ["sharing", sharingEn, sharingZh],
  ["recordings", recordingsEn, recordingsZh],
  ["files", filesEn, filesZh],
];
