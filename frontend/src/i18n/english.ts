/** All that is said in English. A new pair of dictionaries is named here and in `chinese.ts`. */
import app from "./app.en";
import cgroup from "./cgroup.en";
import comfort from "./comfort.en";
import files from "./files.en";
import layers from "./layers.en";
import namespaces from "./namespaces.en";
import panels from "./panels.en";
import processes from "./processes.en";
import recordings from "./recordings.en";
import sharing from "./sharing.en";
import teach from "./teach.en";
import terminal from "./terminal.en";
import time from "./time.en";
import walls from "./walls.en";

export const english = {
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
