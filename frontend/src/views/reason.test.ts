import { afterEach, expect, it } from "vitest";
import { setLanguage } from "../i18n/index";
import { layerWords, reasonWords } from "./reason";

afterEach(() => setLanguage("en"));

it("says what the kernel's error means, and keeps its name", () => {
  const reason = "ENOENT: no such file or directory (/sys/fs/cgroup/memory/x/memory.peak)";
  expect(reasonWords(reason)).toBe("file absent: /sys/fs/cgroup/memory/x/memory.peak (ENOENT)");
  setLanguage("zh-hans");
  expect(reasonWords(reason)).toBe("没有这个文件：/sys/fs/cgroup/memory/x/memory.peak（ENOENT）");
});

it("knows the worker's own sentences", () => {
  setLanguage("zh-hans");
  expect(reasonWords("not mounted in the container: nothing inside can read it")).toContain("没有挂载");
  expect(reasonWords("this host has no blkio controller")).toContain("blkio");
  expect(reasonWords("more than 500 entries: the rest is not shown")).toContain("500");
});

it("says in Chinese what cannot be heard, in every form in which the worker says it", () => {
  setLanguage("zh-hans");
  for (const reason of [
    "ENODATA: no data available (the proc connector): births and deaths are told from one picture to the next",
    "EPERM: operation not permitted (the proc connector): births and deaths are told late",
    "EPERM: operation not permitted (/dev/kmsg): who ran out of memory is told from the counters",
    "EMFILE: too many open files (inotify): changes are told from one walk to the next",
    "ENOSPC: no space left on device (inotify): some changes are told from one walk to the next",
    "more than 1024 directories, or too deep: changes in the rest are told from one walk to the next",
    "files change faster than they can be told: what changed is told from one walk to the next",
  ]) {
    expect(reasonWords(reason)).toMatch(/^[\u3400-\u9fff]/);
  }
});

it("names the layers of our own images in the reader's language", () => {
  expect(layerWords("init layer")).toBe("init layer");
  setLanguage("zh-hans");
  expect(layerWords("Debian 12 (bookworm): the smallest system that has apt")).toBe(
    "Debian 12 (bookworm)：带 apt 的最小系统",
  );
  expect(layerWords("my layer")).toBe("my layer");
});

it("shows a reason it does not know as it came", () => {
  expect(reasonWords("the moon is full")).toBe("the moon is full");
  expect(reasonWords("EWEIRD: who knows (there)")).toBe("EWEIRD: who knows (there)");
});
