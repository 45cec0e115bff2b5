/** What the web side answers under /api/v1, and the state it renders into the page. Times are ISO 8601. */
import type { Code, Exit, Limits, Image as LiveImage, Recording, Recordings, Snapshot, State } from "./generated";

/** As the live stream has it, but for the time. */
export type RestExit = Omit<Exit, "at"> & { at: string };

export type Image = Omit<LiveImage, "created_at"> & { created_at: string };

export interface RestTerminal {
  id: string;
  argv: string[];
  console: boolean;
  pid?: number | null;
  exit?: RestExit | null;
}

/** `busy`: something else than the terminal's own program is in the foreground; `jobs`: what, `pid` the host's. */
export interface RestTerminalView {
  busy: boolean;
  jobs: { pid: number; name: string }[];
}

export interface RestContainer {
  id: string;
  name: string;
  image: string;
  command: string[];
  /** `stopped` with the exit reason `lost`: it was meant to be, but no worker has it any more. */
  state: State;
  pid?: number | null;
  created_at: string;
  started_at?: string | null;
  exit?: RestExit | null;
  /** False: stopped, and what it wrote is gone; a start begins with the image's files alone. */
  files_kept: boolean;
  /** Held still by its cgroup's freezer. */
  frozen: boolean;
  limits: Limits;
  /** The console's; null where there is none to attach to. */
  terminal_url: string | null;
  live_url: string;
  terminals: RestTerminal[];
}

export interface Attachment {
  url: string;
  ticket: string;
  subprotocol: string;
}

/** As the worker has it, but for the times. */
export interface RestRecording extends Omit<Recording, "owner" | "started_at" | "ended_at"> {
  started_at: string;
  ended_at?: string | null;
}

export interface RecordingList extends Omit<Recordings, "re" | "recordings"> {
  recordings: RestRecording[];
}

/** A link that lets those who have it, and an account, look at one terminal. `guests`: who came by it, and when first. */
export interface Share {
  id: string;
  terminal: string;
  url: string;
  created_at: string;
  expires_at: string;
  guests: { name: string; since: string }[];
}

/** What a guest is told of a terminal that is not theirs. */
export interface SharedTerminal {
  id: string;
  owner: string;
  container: { id: string; name: string; image: string };
  terminal: { id: string; name: string; argv: string[]; console: boolean };
  expires_at: string;
}

/** What one person may have; all but `containers` bound each container. `defaults`: where a launch names no limit. */
export interface Quota extends Limits {
  containers: number;
  containers_used: number;
  defaults: Limits;
}

export interface LaunchRequest {
  image: string;
  name?: string;
  command?: string[];
  memory_bytes?: number;
  cpus?: number;
  pids?: number;
  disk_bytes?: number;
  cols?: number;
  rows?: number;
}

export type Language = "en" | "zh-hans";

/** The JSON of `<script id="boot">`. */
export interface Boot {
  page: "home" | "workbench" | "shared" | "recordings" | "recording";
  /** `sees_host`: may see every process of the host. */
  user: { name: string; is_staff: boolean; sees_host?: boolean };
  lang: Language;
  csrf: string;
  images: Image[];
  containers: RestContainer[];
  container: RestContainer | null;
  snapshot: Snapshot | null;
  /** On the page `shared`: the terminal a guest was let in to; null where the share has ended. */
  shared?: SharedTerminal | null;
  quota: Quota;
  /** The most that a file may have that is sent into a container. */
  upload_bytes?: number;
  urls: Partial<Record<"home" | "recordings" | "login" | "logout" | "admin" | "setlang" | "docs" | "api", string>>;
  /** The worker could not be asked when the page was made: what to say instead of a list. */
  error?: ErrorJson | null;
}

/** Every error body. */
export interface ErrorJson {
  code: Code;
  message: string;
  field?: string | null;
  hint?: string | null;
}
