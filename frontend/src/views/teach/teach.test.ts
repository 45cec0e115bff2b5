import { afterEach, describe, expect, it } from "vitest";
import { setLanguage } from "../../i18n/index";
import type { LiveMessage } from "../../protocol/live";
import recording from "../../state/fixtures/session.json";
import { FIGURES, type FigureName } from "../cgroup/names";
import type { Question } from "../context";
import { lessonFor, teach } from "./index";

const first = recording.messages[0] as unknown as LiveMessage;
if (first.re !== "snapshot") throw new Error("the recording begins with a snapshot");
const { snapshot } = first;

const ask = (panel: Question["panel"], key: string, figure?: string): Question => ({
  panel,
  key,
  title: key,
  side: "container",
  sides: ["container", "host"],
  figure,
});

afterEach(() => setLanguage("en"));

describe("what is said of a figure", () => {
  it("has its own value in it", () => {
    expect(lessonFor(ask("cgroup", "pids/pids.current"), snapshot)?.words).toBe(
      "1 of 128 tasks. The 129th fork would fail with EAGAIN.",
    );
    setLanguage("zh-hans");
    expect(lessonFor(ask("cgroup", "pids/pids.current"), snapshot)?.words).toContain("第 129 个会失败，返回 EAGAIN");
  });

  it("has the sum of one that is worked out, in names and in numbers", () => {
    const docker = lessonFor(ask("cgroup", "memory/memory.stat", "used_docker"), snapshot);
    expect(docker?.formula).toBe("memory.usage_in_bytes − total_inactive_file = 5.9 MiB − 1.16 MiB = 4.74 MiB");
    expect(docker?.line?.test("total_inactive_file 1216512")).toBe(true);
    expect(docker?.line?.test("total_active_file 1216512")).toBe(false);
    expect(docker?.line?.test("inactive_file 1216512")).toBe(false);
    expect(lessonFor(ask("cgroup", "memory/meminfo", "used_free"), snapshot)?.formula).toContain("MemTotal");
    const shown = (file: string, figure: string) => lessonFor(ask("cgroup", `cpu/${file}`, figure), snapshot)?.formula;
    expect(shown("cpuacct.usage", "cpu_time")).toBe("Δ cpuacct.usage ÷ 10⁹ ÷ Δt");
    expect(shown("cpu.cfs_quota_us", "quota")).toMatch(
      /^cpu\.cfs_quota_us ÷ cpu\.cfs_period_us = [\d,]+ ÷ [\d,]+ = [\d.]+$/,
    );
    expect(shown("cpu.stat", "throttled")).toMatch(/^nr_throttled ÷ nr_periods/);
    expect(shown("cpu.shares", "weight")).toBeUndefined();
  });

  it("marks the line of the figure, and no other", () => {
    const line = lessonFor(ask("cgroup", "cpu/cpu.stat", "throttled"), snapshot)?.line;
    expect(["nr_periods 12", "nr_throttled 0", "throttled_time 0"].map((one) => line?.test(one))).toEqual([
      false,
      true,
      false,
    ]);
    const anon = lessonFor(ask("cgroup", "memory/memory.stat", "anon"), snapshot)?.line;
    expect(["total_rss 1", "rss 1", "total_rss_huge 0"].map((one) => anon?.test(one))).toEqual([true, false, false]);
    const cgroup = { ...snapshot.container.cgroup, mode: "v2" as const };
    const pure = { ...snapshot, container: { ...snapshot.container, cgroup } };
    const v2 = lessonFor(ask("cgroup", "memory/memory.stat", "anon"), pure)?.line;
    expect(["anon 1", "inactive_anon 1", "total_rss 1"].map((one) => v2?.test(one))).toEqual([true, false, false]);
  });

  it("knows both names, and which this host has", () => {
    expect(lessonFor(ask("cgroup", "memory/memory.usage_in_bytes"), snapshot)?.names).toEqual({
      v1: "memory.usage_in_bytes",
      v2: "memory.current",
      here: "v1",
    });
  });

  it.each(["en", "zh-hans"] as const)("is there for every figure of a snapshot, in %s", (language) => {
    setLanguage(language);
    const questions = [
      ...(["memory", "cpu", "pids", "io"] as const).flatMap((section) =>
        Object.keys(snapshot.host.cgroup[section]).map((name) => ask("cgroup", `${section}/${name}`)),
      ),
      ...(Object.keys(FIGURES) as FigureName[]).map((name) => ask("cgroup", "memory/memory.stat", name)),
      ...Object.keys(snapshot.container.namespaces).map((kind) => ask("namespaces", kind)),
      ask("namespaces", "48213/pid_for_children"),
      ...Object.keys(snapshot.host.processes).map((pid) => ask("processes", pid)),
      ask("overlay", "mountinfo"),
      ask("overlay", "upperdir"),
    ];
    for (const question of questions) {
      const lesson = lessonFor(question, snapshot);
      expect([question.key, question.figure, lesson?.words ?? null]).not.toContain(null);
      expect(lesson?.words).not.toMatch(/undefined|NaN|\{\w+\}/);
      expect(lessonFor(question, null)?.words).not.toMatch(/undefined|NaN|\{\w+\}/);
    }
  });

  it("is open to other panels", () => {
    teach("mounts", ({ key }) => (key === "test-only" ? { words: "a mount" } : null));
    expect(lessonFor(ask("mounts", "test-only"), null)?.words).toBe("a mount");
  });
});
