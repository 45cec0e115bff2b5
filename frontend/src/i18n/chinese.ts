/** All that is said in Chinese. Typed by the English: what is missing here does not compile. */
import app from "./app.zh-hans";
import cgroup from "./cgroup.zh-hans";
import comfort from "./comfort.zh-hans";
import files from "./files.zh-hans";
import type { Key } from "./index";
import layers from "./layers.zh-hans";
import namespaces from "./namespaces.zh-hans";
import panels from "./panels.zh-hans";
import processes from "./processes.zh-hans";
import recordings from "./recordings.zh-hans";
import sharing from "./sharing.zh-hans";
import teach from "./teach.zh-hans";
import terminal from "./terminal.zh-hans";
import time from "./time.zh-hans";
import walls from "./walls.zh-hans";

export const chinese: Record<Key, string> = {
  ...app,
  ...panels,
  ...cgroup,
  ...namespaces,
  ...teach,
  ...time,
  ...terminal,
  ...processes,
  ...comfort,
  ...layers,
  ...walls,
  ...sharing,
  ...recordings,
  ...files,
};
