/** Before each file of tests: both languages are known, and English is spoken. */
import { learn, setLanguage } from "../../src/i18n/index";

await Promise.all([learn("en"), learn("zh-hans")]);
setLanguage("en");
