/** The control group panel's words in Simplified Chinese. */
import type english from "./cgroup.en";

export default {} satisfies Record<keyof typeof english, string>;
