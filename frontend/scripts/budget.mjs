// Adds up the gzipped script of a built page, as the first load of the workbench fetches it; fails above the budget.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGET_KIB = 350;

const dist = join(dirname(fileURLToPath(import.meta.url)), "../../playground/static/dist");
const manifest = JSON.parse(readFileSync(join(dist, "manifest.json"), "utf8"));
let total = 0;
for (const { file, isDynamicEntry } of Object.values(manifest)) {
  if (!file.endsWith(".js")) continue;
  const size = gzipSync(readFileSync(join(dist, file))).length / 1024;
  total += size;
  console.log(`${size.toFixed(1).padStart(7)} KiB  ${file}${isDynamicEntry ? "  (when needed)" : ""}`);
}
console.log(`${total.toFixed(1).padStart(7)} KiB  of ${BUDGET_KIB}`);
if (total > BUDGET_KIB) process.exit(1);
