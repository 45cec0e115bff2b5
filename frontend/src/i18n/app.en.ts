/** The words of the pages and the terminal in English, the source of all keys. */
export default {
  "format.bytes": "{value} bytes",
  "format.just_now": "just now",
} as const;
