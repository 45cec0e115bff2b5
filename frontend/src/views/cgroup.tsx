/** What the container may use and does, by the five things that cgroups are for. */
import "./cgroup/parts.css";
import type { Snapshot } from "../protocol/generated";
import type { LiveEvent } from "../state/live";
import type { Marks } from "../state/marks";
import type { Sample } from "../state/samples";
import { Accounting } from "./cgroup/accounting";
import { Control } from "./cgroup/control";
import { Isolation } from "./cgroup/isolation";
import { Limiting } from "./cgroup/limiting";
import { BothNames } from "./cgroup/names_table";
import { Priority } from "./cgroup/priority";
import { Files } from "./files";

export interface CgroupProps {
  snapshot: Snapshot;
  points: readonly Sample[];
  events: readonly LiveEvent[];
  marks: Marks;
  /** What is shown is not what is: a moment gone by, or a container at rest. Then nothing can be changed. */
  past?: boolean | undefined;
}

export function CgroupPanel(props: CgroupProps) {
  const { snapshot, past = false } = props;
  return (
    <div class="cg">
      <Limiting {...props} />
      <Priority snapshot={snapshot} />
      <Accounting {...props} />
      <Isolation snapshot={snapshot} />
      <Control snapshot={snapshot} past={past} />
      <BothNames snapshot={snapshot} />
      <Files snapshot={snapshot} />
    </div>
  );
}
