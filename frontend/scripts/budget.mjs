// Adds up the gzipped script of a built page, as the first load of the workbench fetches it; fails above the budget.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";

const BUDGET_KIB = 350;

// Fetched with the first replay, or by pages of their own, and not counted: the player with its WebAssembly (about
// 90 KiB), and what only these need. All else counts, though some of it too waits until it is asked for.
const LATER = ["src/terminal/recording/replay.tsx", "src/pages/recording.tsx", "src/pages/recordings.tsx"];

// A page is in one language: the larger one counts.
const LANGUAGES = ["src/i18n/english.ts", "src/i18n/chinese.ts"];

const dist = join(dirname(fileURLToPath(import.meta.url)), "../../playground/static/dist");
const manifest = JSON.parse(readFileSync(join(dist, "manifest.json"), "utf8"));

const counted = new Set();
const waiting = ["src/pages/main.tsx"];
for (const key of waiting) {
  if (counted.has(key) || LATER.includes(key)) continue;
  counted.add(key);
  waiting.push(...(manifest[key].imports ?? []), ...(manifest[key].dynamicImports ?? []));
}

const sizeOf = (key) => gzipSync(readFileSync(join(dist, manifest[key].file))).length / 1024;
const [, shorter] = LANGUAGES.toSorted((one, other) => sizeOf(other) - sizeOf(one));
counted.delete(shorter);

let total = 0;
for (const [key, { file, isDynamicEntry }] of Object.entries(manifest)) {
  if (!file.endsWith(".js")) continue;
  const size = sizeOf(key);
  if (counted.has(key)) total += size;
  const remark = counted.has(key) ? (isDynamicEntry ? "  (when needed)" : "") : "  (not counted)";
  console.log(`${size.toFixed(1).padStart(7)} KiB  ${file}${remark}`);
}
for (const key of LATER) {
  if (!(key in manifest)) throw new Error(`${key} is no chunk of its own any more: the first load has it`);
}
console.log(`${total.toFixed(1).padStart(7)} KiB  of ${BUDGET_KIB}`);
if (total > BUDGET_KIB) process.exit(1);
