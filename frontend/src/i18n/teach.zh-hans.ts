/** One sentence for each figure, in plain words in Simplified Chinese. */
import type english from "./teach.en";

export default {} satisfies Record<keyof typeof english, string>;
