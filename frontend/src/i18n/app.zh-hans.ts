/** The words of the pages and the terminal in Simplified Chinese. */
import type english from "./app.en";

export default {
  "format.bytes": "{value} 字节",
  "format.layers_one": "{count} 层",
  "format.layers_other": "{count} 层",
  "format.just_now": "刚刚",
} satisfies Record<keyof typeof english, string>;
