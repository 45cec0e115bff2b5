/** Where the root file system's figures come from. */
import { t } from "../../i18n/index";
import { teach } from "./registry";

teach("overlay", ({ key }) => {
  if (key === "mountinfo") return { words: t("teach.ov_mountinfo"), line: / - overlay / };
  if (key === "upperdir") return { words: t("teach.ov_upperdir") };
  return null;
});
