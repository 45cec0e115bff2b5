import { describe, expect, it } from "vitest";
import { plainTitle, safeLink } from "../src/terminal/clipboard";

describe("what a container says is not believed", () => {
  it("opens links of the web only", () => {
    expect(safeLink("https://example.org/a?b")).toBe("https://example.org/a?b");
    expect(safeLink("http://127.0.0.1:8000/")).toBe("http://127.0.0.1:8000/");
    for (const uri of [
      "javascript:alert(1)",
      "JaVaScRiPt:alert(1)",
      "data:text/html,x",
      "file:///etc/passwd",
      "vbscript:x",
      "//x",
      "",
    ])
      expect(safeLink(uri), uri).toBeNull();
  });

  it("takes what acts or deceives out of a title", () => {
    expect(plainTitle("\u001b]0;evil\u0007 name\r\n")).toBe("]0;evil name");
    expect(plainTitle("abc\u202egnp.exe")).toBe("abcgnp.exe");
    expect(plainTitle("容器 🐳")).toBe("容器 🐳");
    expect([...plainTitle("🐳".repeat(400))]).toHaveLength(256);
  });

  it("takes from a title what turns, hides or stands in the way", () => {
    expect(plainTitle("a\u202eb\u2066c\u061cd\u200be\ufefff\u{e0041}g\u2028h")).toBe("abcdefgh");
    expect(plainTitle("界".repeat(1_000))).toHaveLength(256);
  });
});
