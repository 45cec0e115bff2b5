import { defineConfig } from "vitest/config";

/** Builds the page for Django: hashed files and a manifest under playground/static/dist, served from /static/dist/. */
export default defineConfig(({ command }) => ({
  root: "frontend",
  base: command === "build" ? "/static/dist/" : "/",
  publicDir: false,
  cacheDir: "../node_modules/.vite",
  build: {
    outDir: "../playground/static/dist",
    emptyOutDir: true,
    manifest: "manifest.json",
    target: "es2022",
    modulePreload: { polyfill: false },
    assetsInlineLimit: 0, // the page's policy allows no data: script, and fonts cache better as files
    rollupOptions: { input: { main: "frontend/src/pages/main.tsx" } },
  },
  server: { host: "127.0.0.1", port: 8200, strictPort: true },
  test: {
    root: "frontend",
    include: ["tests/**/*.test.{ts,tsx}", "src/**/*.test.{ts,tsx}"],
    environment: "happy-dom",
    setupFiles: ["tests/support/words.ts"],
    restoreMocks: true,
  },
}));
