import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { MarkKind } from "../../protocol/pty";
import { clean, directoryOf, isPath, MAX_FILE, numbered, typed, within } from "./paths";

const cwd = (text: string) => ({ at: 0, kind: MarkKind.CWD, body: { text } });

describe("paths in a container", () => {
  it("begin where the shell said last that it is, if that is a path, else at root's home", () => {
    expect(directoryOf([])).toBe("/root");
    expect(directoryOf([cwd("/tmp"), cwd("/srv//www/"), { at: 1, kind: MarkKind.PROMPT, body: {} }])).toBe("/srv/www");
    for (const lie of ["relative", "", "/tmp\u001b]0;x\u0007", "/a\nrm -rf /\n"]) {
      expect(directoryOf([cwd("/tmp"), cwd(lie)])).toBe("/root");
    }
  });

  it("are absolute, and have nothing in them that acts", () => {
    expect(["/", "/a b", "/文件"].every(isPath)).toBe(true);
    expect(["", "a", "~/a", "/a\u0000", "/a\r", `/${"x".repeat(5000)}`].some(isPath)).toBe(false);
    expect([clean("/"), clean("//a///b/"), within("/", "x"), within("/a/", "x y")]).toEqual([
      "/",
      "/a/b",
      "/x",
      "/a/x y",
    ]);
  });

  it("can stand beside one that is taken", () => {
    expect([numbered("a.txt", 2), numbered("a.tar.gz", 3), numbered(".profile", 2), numbered("Makefile", 2)]).toEqual([
      "a-2.txt",
      "a.tar-3.gz",
      ".profile-2",
      "Makefile-2",
    ]);
  });

  it("are typed so that a shell reads them back, or not at all", () => {
    expect(typed("/root/a.txt")).toBe("/root/a.txt");
    expect(typed("/root/a b; rm -rf $HOME")).toBe("'/root/a b; rm -rf $HOME'");
    expect(typed("/root/it's")).toBe("'/root/it'\\''s'");
    expect(typed("/root/a\nrm -rf /\n")).toBeNull();
    expect(typed("/root/\u0003")).toBeNull();
  });

  it("of files have the worker's limit", () => {
    const twin = readFileSync("runtime/protocol/terminals.py", "utf8");
    const [, factors] = /^MAX_FILE = ([\d* ]+)/m.exec(twin) ?? [];
    expect(factors?.split("*").reduce((product, factor) => product * Number(factor), 1)).toBe(MAX_FILE);
  });
});
