/** The REST calls the page makes: session cookie, CSRF header, and one kind of error. */
import type { Code, FileView, HostView, Limits, ProcessDetail, Provenance, Seccomp, SourceText } from "./generated";
import type {
  Attachment,
  ErrorJson,
  LaunchRequest,
  RecordingList,
  RestContainer,
  RestRecording,
  RestTerminal,
  RestTerminalView,
  Share,
  SharedTerminal,
} from "./rest";

const ROOT = "/api/v1";

/** No answer came (`offline`), the login ended (`signed-out`), or the web side said why not. */
export type ApiCode = Code | "offline" | "signed-out";

export class ApiError extends Error {
  constructor(
    readonly code: ApiCode,
    message: string,
    readonly status: number,
    readonly field: string | null = null,
    readonly hint: string | null = null,
  ) {
    super(message);
    this.name = "ApiError";
  }
}

export interface SourceQuery {
  side: "container" | "host";
  panel: "processes" | "namespaces" | "cgroup" | "overlay" | "mounts" | "devices" | "identity" | "network";
  key: string;
}

export class Api {
  constructor(private readonly csrf: string) {}

  containers = (): Promise<RestContainer[]> =>
    this.#call<RestContainer[] | { containers: RestContainer[] }>("GET", "/containers").then((answer) =>
      Array.isArray(answer) ? answer : answer.containers,
    );
  container = (id: string): Promise<RestContainer> => this.#call("GET", `/containers/${id}`);
  launch = (request: LaunchRequest): Promise<RestContainer> => this.#call("POST", "/containers", request);
  start = (id: string, size?: { cols: number; rows: number }): Promise<RestContainer> =>
    this.#call("POST", `/containers/${id}/start`, size ?? {});
  stop = (id: string): Promise<RestContainer> => this.#call("POST", `/containers/${id}/stop`);
  remove = (id: string): Promise<void> => this.#call("DELETE", `/containers/${id}`);

  openTerminal = (id: string, size: { cols: number; rows: number }): Promise<RestTerminal> =>
    this.#call("POST", `/containers/${id}/terminals`, size);
  /** What runs in it now. */
  lookAtTerminal = (id: string, terminal: string): Promise<RestTerminalView> =>
    this.#call("GET", `/containers/${id}/terminals/${terminal}`);
  /** An empty name goes back to the program's. */
  renameTerminal = (id: string, terminal: string, name: string): Promise<RestTerminal> =>
    this.#call("PATCH", `/containers/${id}/terminals/${terminal}`, { name });
  closeTerminal = (id: string, terminal: string): Promise<void> =>
    this.#call("DELETE", `/containers/${id}/terminals/${terminal}`);
  attach = (id: string, terminal: string): Promise<Attachment> =>
    this.#call("POST", `/containers/${id}/terminals/${terminal}/attach`, {});

  /** The links to its terminals that are valid now, the newest first. */
  shares = (id: string): Promise<Share[]> =>
    this.#call<Share[] | { shares: Share[] }>("GET", `/containers/${id}/shares`).then((answer) =>
      Array.isArray(answer) ? answer : answer.shares,
    );
  share = (id: string, terminal: string, hours: number): Promise<Share> =>
    this.#call("POST", `/containers/${id}/shares`, { terminal, hours });
  endShare = (id: string, share: string): Promise<void> => this.#call("DELETE", `/containers/${id}/shares/${share}`);
  /** A guest's two calls: whose terminal it is, and a ticket to watch it. */
  shared = (share: string): Promise<SharedTerminal> => this.#call("GET", `/shares/${share}`);
  attachShared = (share: string): Promise<Attachment> => this.#call("POST", `/shares/${share}/attach`, {});

  /** All of this person's, those of deleted containers too; or one container's. */
  recordings = (container?: string): Promise<RecordingList> =>
    this.#call("GET", `/recordings${container === undefined ? "" : `?${new URLSearchParams({ container })}`}`);
  recording = (id: string): Promise<RestRecording> => this.#call("GET", `/recordings/${id}`);
  startRecording = (id: string, terminal: string, title: string): Promise<RestRecording> =>
    this.#call("POST", `/containers/${id}/terminals/${terminal}/recording`, { title });
  stopRecording = (id: string, terminal: string): Promise<RestRecording> =>
    this.#call("DELETE", `/containers/${id}/terminals/${terminal}/recording`);
  deleteRecording = (id: string): Promise<void> => this.#call("DELETE", `/recordings/${id}`);
  /** Its asciicast; of one under way, as far as it goes. */
  cast = async (id: string): Promise<string> => {
    const response = await this.#ask(`/recordings/${id}/cast`, { method: "GET" });
    // The body too comes over the network, and breaks off with it.
    return await response.text().catch((error: unknown) => {
      throw offline(error);
    });
  };

  /** Sends a file; `progress` tells the bytes gone out. Ending `signal` ends it, as an `AbortError`. */
  putFile = (
    id: string,
    path: string,
    file: Blob,
    { replace, signal, progress }: { replace: boolean; signal: AbortSignal; progress(sent: number): void },
  ): Promise<{ path: string; bytes: number }> =>
    new Promise((resolve, reject) => {
      const query = new URLSearchParams({ path, replace: String(replace) });
      const request = new XMLHttpRequest(); // fetch() tells nobody how far it is
      request.open("PUT", `${ROOT}/containers/${id}/files/content?${query}`);
      request.setRequestHeader("Accept", "application/json");
      request.setRequestHeader("Content-Type", "application/octet-stream");
      request.setRequestHeader("X-CSRFToken", this.csrf);
      request.upload.onprogress = (event) => progress(event.loaded);
      request.onerror = () => reject(offline("the connection broke"));
      request.onabort = () => reject(new DOMException("cancelled", "AbortError"));
      request.onload = () => {
        const answer = parsed(request.responseText);
        if (request.status >= 200 && request.status < 300 && answer !== null) resolve(answer as never);
        else reject(refusal(request.status, answer));
      };
      signal.addEventListener("abort", () => request.abort());
      if (signal.aborted) reject(new DOMException("cancelled", "AbortError"));
      else request.send(file);
    });
  /** Throws where the file cannot be had: what a link alone would show is a page of JSON. Else it is saved. */
  saveFile = async (id: string, path: string): Promise<void> => {
    const address = `/containers/${id}/files/content?${new URLSearchParams({ path })}`;
    const stop = new AbortController();
    await this.#ask(address, { method: "GET", signal: stop.signal });
    stop.abort(); // it was only asked whether; the browser fetches it itself, piece by piece, to the disk
    save(ROOT + address, path.slice(path.lastIndexOf("/") + 1));
  };
  saveCast = async (id: string): Promise<void> => {
    await this.recording(id);
    save(`${ROOT}/recordings/${id}/cast`, `${id}.cast`);
  };

  source = (id: string, query: SourceQuery): Promise<SourceText> =>
    this.#call("GET", `/containers/${id}/source?${new URLSearchParams({ ...query })}`);
  process = (id: string, pid: number): Promise<ProcessDetail> =>
    this.#call("GET", `/containers/${id}/processes/${pid}`);
  file = (id: string, path: string, layer = "merged"): Promise<FileView> =>
    this.#call("GET", `/containers/${id}/files?${new URLSearchParams({ path, layer })}`);
  provenance = (id: string, path: string): Promise<Provenance> =>
    this.#call("GET", `/containers/${id}/provenance?${new URLSearchParams({ path })}`);
  seccomp = (id: string): Promise<Seccomp> => this.#call("GET", `/containers/${id}/seccomp`);
  freeze = (id: string, frozen: boolean): Promise<RestContainer> =>
    this.#call("POST", `/containers/${id}/${frozen ? "freeze" : "thaw"}`);
  setLimits = (id: string, limits: Partial<Limits>): Promise<RestContainer> =>
    this.#call("PATCH", `/containers/${id}/limits`, limits);
  /** The machine around: all its processes with the permission, else the first and ours. */
  host = (): Promise<HostView> => this.#call("GET", "/host");

  async #call<T>(method: string, path: string, body?: object): Promise<T> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (method !== "GET") headers["X-CSRFToken"] = this.csrf;
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const response = await this.#ask(path, {
      method,
      headers,
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    if (response.status === 204) return undefined as T;
    const answer = await response.json().catch(() => null);
    if (answer !== null) return answer as T;
    throw refusal(response.status, answer);
  }

  async #ask(path: string, init: RequestInit): Promise<Response> {
    let response: Response;
    try {
      response = await fetch(ROOT + path, { ...init, credentials: "same-origin" });
    } catch (error) {
      throw offline(error);
    }
    if (response.ok) return response;
    throw refusal(response.status, await response.json().catch(() => null));
  }
}

const offline = (error: unknown): ApiError =>
  new ApiError("offline", error instanceof Error ? error.message : String(error), 0);

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The server says that it is an attachment, and under which name: `name` counts where it says none. */
function save(address: string, name: string): void {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

function refusal(status: number, answer: unknown): ApiError {
  if (status === 401) return new ApiError("signed-out", "not signed in", status);
  if (typeof answer === "object" && answer !== null && "code" in answer) {
    const { code, message, field, hint } = answer as ErrorJson;
    return new ApiError(code, message, status, field ?? null, hint ?? null);
  }
  return new ApiError(
    status === 502 || status === 503 ? "worker-unavailable" : "internal-error",
    `HTTP ${status}`,
    status,
  );
}
