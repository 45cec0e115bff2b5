/** The words of the processes panel in Simplified Chinese. */
import type english from "./processes.en";

export default {
  "task.cpu": "CPU",
} satisfies Record<keyof typeof english, string>;
