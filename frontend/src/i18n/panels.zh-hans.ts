/** The panels' words in Simplified Chinese. */
import type english from "./panels.en";

export default {} satisfies Record<keyof typeof english, string>;
