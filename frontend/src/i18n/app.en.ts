/** The words of the pages and the terminal in English, the source of all keys. */
export default {
  "format.bytes": "{value} bytes",
  "format.layers_one": "{count} layer",
  "format.layers_other": "{count} layers",
  "format.just_now": "just now",
} as const;
