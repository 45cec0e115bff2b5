import { describe, expect, it } from "vitest";
import examples from "../../../tests/unit/accounting.json";
import type { Cgroup } from "../protocol/generated";
import { used } from "./accounting";

describe("used memory, by the examples of the worker's own", () => {
  it.each(examples.map((example) => [example.name, example] as const))("%s", (_name, { cgroup, meminfo, answer }) => {
    const given = cgroup as unknown as Pick<Cgroup, "mode" | "memory">;
    const machine = (meminfo ?? given.memory.meminfo) as Cgroup["memory"][string];
    expect(used(given, machine)).toEqual(answer);
  });
});
