/** What the web side answers under /api/v1, and the state it renders into the page. Times are ISO 8601. */
import type { Code, Exit, Image, Limits, Snapshot, SourceText, State } from "./generated";

export interface RestTerminal {
  id: string;
  argv: string[];
  console: boolean;
  pid?: number | null;
  exit?: Exit | null;
}

export interface RestContainer {
  id: string;
  name: string;
  image: string;
  command: string[];
  /** `lost`: the database knows it, the worker does not (any more). */
  state: State | "lost";
  pid?: number | null;
  created_at: string;
  started_at?: string | null;
  exit?: Exit | null;
  limits: Limits;
  terminal_url: string;
  live_url: string;
  terminals: RestTerminal[];
}

export interface Attachment {
  url: string;
  ticket: string;
  subprotocol: string;
}

/** What one user may use in all; a member left out has no bound. */
export interface Quota {
  containers?: number | null;
  memory_bytes?: number | null;
  cpus?: number | null;
  pids?: number | null;
}

export interface LaunchRequest {
  image: string;
  name?: string;
  command?: string[];
  memory_bytes?: number;
  cpus?: number;
  pids?: number;
}

export type Language = "en" | "zh-hans";

/** The JSON of `<script id="boot">`. */
export interface Boot {
  page: "home" | "workbench";
  user: { name: string; is_staff: boolean };
  lang: Language;
  csrf: string;
  images: Image[];
  containers: RestContainer[];
  container: RestContainer | null;
  snapshot: Snapshot | null;
  quota?: Quota | null;
  urls: Partial<Record<"home" | "logout" | "admin" | "setlang" | "docs" | "api" | "account", string>>;
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

export type { Exit, Image, Limits, Snapshot, SourceText, State };
