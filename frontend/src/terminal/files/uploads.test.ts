import { beforeEach, describe, expect, it, vi } from "vitest";
import { setLanguage } from "../../i18n/index";
import { type Api, ApiError } from "../../protocol/api";
import { Uploads } from "./uploads";

type Put = Api["putFile"];

let put: ReturnType<typeof vi.fn<Put>>;
let uploads: Uploads;

const taken = () => new ApiError("already-exists", "there is one", 409);
const phases = () => uploads.items.peek().map(({ phase }) => phase);
const offered = (...names: string[]) => {
  const files = names.map((name) => new File(["12345"], name));
  uploads.offer({ tab: "t", files, folders: 0, directory: "/root" });
  uploads.accept("/tmp/");
};
const settled = (phase: string, index = 0) => vi.waitFor(() => expect(phases()[index]).toBe(phase));

beforeEach(() => {
  setLanguage("en");
  put = vi.fn<Put>(async (_id, path, file) => ({ path, bytes: file.size }));
  uploads = new Uploads({ putFile: put } as unknown as Api, "c");
});

describe("files on their way into a container", () => {
  it("go one after another, and are told with their paths", async () => {
    const order: string[] = [];
    put.mockImplementation(async (_id, path, file, { replace, progress }) => {
      order.push(`+${path}`);
      expect(replace).toBe(false);
      progress(3);
      await Promise.resolve();
      order.push(`-${path}`);
      return { path, bytes: file.size };
    });
    offered("a", "b");
    await settled("done", 1);
    expect(order).toEqual(["+/tmp/a", "-/tmp/a", "+/tmp/b", "-/tmp/b"]);
    expect(uploads.items.peek().map(({ path, sent }) => [path, sent])).toEqual([
      ["/tmp/a", 5],
      ["/tmp/b", 5],
    ]);
  });

  it("are not sent when they are too large, nor before a person said yes", () => {
    uploads.most = 4;
    uploads.offer({
      tab: "t",
      files: [new File(["12345"], "big"), new File(["1"], "small")],
      folders: 0,
      directory: "/",
    });
    expect(put).not.toHaveBeenCalled();
    uploads.accept("/");
    expect(put.mock.calls.map(([, path]) => path)).toEqual(["/small"]);
    uploads.offer({ tab: "t", files: [], folders: 0, directory: "/" });
    expect(uploads.offered.peek()).toBeNull();
  });

  it("ask where their name is taken: replace", async () => {
    put.mockRejectedValueOnce(taken());
    offered("a.txt");
    await settled("asking");
    uploads.resolve(1, "replace");
    await settled("done");
    expect(put.mock.calls.map(([, path, , { replace }]) => [path, replace])).toEqual([
      ["/tmp/a.txt", false],
      ["/tmp/a.txt", true],
    ]);
  });

  it("ask where their name is taken: keep both, with the first name that is free", async () => {
    put.mockRejectedValueOnce(taken()).mockRejectedValueOnce(taken()).mockRejectedValueOnce(taken());
    offered("a.txt");
    await settled("asking");
    uploads.resolve(1, "both");
    await settled("done");
    expect(put.mock.calls.map(([, path]) => path)).toEqual([
      "/tmp/a.txt",
      "/tmp/a.txt",
      "/tmp/a-2.txt",
      "/tmp/a-3.txt",
    ]);
    expect(uploads.items.peek()[0]?.path).toBe("/tmp/a-3.txt");
  });

  it("ask where their name is taken: skip, while the next one goes on", async () => {
    put.mockRejectedValueOnce(taken());
    offered("a", "b");
    await settled("done", 1);
    expect(phases()).toEqual(["asking", "done"]);
    uploads.resolve(1, "skip");
    expect(phases()).toEqual(["done"]);
  });

  it("wait with an answer while another one is on its way", async () => {
    let finish: () => void = () => undefined;
    put.mockRejectedValueOnce(taken()).mockImplementationOnce(
      (_id, path) =>
        new Promise((resolve) => {
          finish = () => resolve({ path, bytes: 5 });
        }),
    );
    offered("a", "b");
    await settled("sending", 1);
    uploads.resolve(1, "replace");
    expect(put).toHaveBeenCalledTimes(2);
    finish();
    await settled("done", 0);
    expect(phases()).toEqual(["done", "done"]);
  });

  it("end when they are cancelled, and the next one begins", async () => {
    put.mockImplementationOnce(
      (_id, _path, _file, { signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener("abort", () => reject(new DOMException("cancelled", "AbortError")));
        }),
    );
    offered("a", "b");
    await settled("sending");
    uploads.dismiss(1);
    await settled("done");
    expect(uploads.items.peek().map(({ path }) => path)).toEqual(["/tmp/b"]);
  });

  it("say why they failed, and can be sent again", async () => {
    put.mockRejectedValueOnce(new ApiError("wrong-state", "stopped", 409));
    offered("a");
    await settled("failed");
    expect(uploads.items.peek()[0]?.why).toBe("The container is not running: start it first.");
    uploads.again(1);
    await settled("done");
  });

  it("name the directory where that is what is missing", async () => {
    put.mockRejectedValueOnce(new ApiError("not-found", "no such directory", 404));
    offered("a");
    await settled("failed");
    expect(uploads.items.peek()[0]?.why).toBe("There is no /tmp in the container.");
  });
});
