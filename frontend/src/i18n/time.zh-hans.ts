/** The words of time in Simplified Chinese. */
import type english from "./time.en";

export default {
  "time.panels": "面板",
} satisfies Record<keyof typeof english, string>;
