/** The namespaces panel's words in Simplified Chinese. */
import type english from "./namespaces.en";

export default {} satisfies Record<keyof typeof english, string>;
