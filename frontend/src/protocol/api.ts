/** The REST calls the page makes: session cookie, CSRF header, and one kind of error. */
import type { Code, FileView, HostView, Limits, ProcessDetail, Provenance, Seccomp, SourceText } from "./generated";
import type { Attachment, ErrorJson, LaunchRequest, RestContainer, RestTerminal, Share, SharedTerminal } from "./rest";

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
    let response: Response;
    try {
      response = await fetch(ROOT + path, {
        method,
        headers,
        body: body === undefined ? undefined : JSON.stringify(body),
        credentials: "same-origin",
      });
    } catch (error) {
      throw new ApiError("offline", error instanceof Error ? error.message : String(error), 0);
    }
    if (response.status === 204) return undefined as T;
    const answer = await response.json().catch(() => null);
    if (response.ok && answer !== null) return answer as T;
    throw refusal(response.status, answer);
  }
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
