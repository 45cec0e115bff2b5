/** What features add around a terminal's screen: one line each. The order is that on the page, from top to bottom. */
import type { FunctionComponent } from "preact";
import type { Bench } from "../pages/bench";
import type { Tab } from "./book";
import { DropTarget } from "./files/drop";
import { UploadTray } from "./files/tray";
import { RecordingOver, RecordingSign } from "./recording/signs";
import { SharingBanner } from "./sharing/banner";

/** Draws nothing while it has nothing to say. `bench` is null where one looks on at another person's terminal. */
export type Extra = FunctionComponent<{ bench: Bench | null; tab: Tab }>;

/** Above the screen: what is so for a while, such as who looks on, or that it is recorded. */
export const BANNERS: readonly Extra[] = [RecordingSign, SharingBanner];

/** Below it, under the line that says what is wrong or over: what is under way, such as an upload. */
export const STRIPS: readonly Extra[] = [RecordingOver, UploadTray, DropTarget];
