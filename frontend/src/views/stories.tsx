/** What happened in the cgroup, told in a sentence. */
import { bytes } from "../i18n/format";
import { t, tn } from "../i18n/index";
import { clock } from "../state/format";
import type { LiveEvent } from "../state/live";

export function OomStories({ events }: { events: readonly LiveEvent[] }) {
  const stories = events
    .filter((event) => event.kind === "oom")
    .slice(-3)
    .reverse();
  if (stories.length === 0) return null;
  return (
    <ul class="stories">
      {stories.map((story) => (
        <li key={story.id} class="story bad">
          <time class="num">{clock(story.at)}</time> {oomSentence(story)}
        </li>
      ))}
    </ul>
  );
}

export function oomSentence(story: Extract<LiveEvent, { kind: "oom" }>): string {
  const limit = story.limit === null ? t("cg.its_limit") : bytes(story.limit);
  const victim = story.victims.length === 1 ? story.victims[0] : undefined;
  if (victim)
    return t("cg.oom_story_of", { limit, command: victim.comm, pid: victim.pid, inner: victim.ns_pids.at(-1) ?? "?" });
  return tn("cg.oom_story", story.kills, { limit });
}

export function ForkStories({ events }: { events: readonly LiveEvent[] }) {
  const stories = events.filter((event) => event.kind === "refused-fork").slice(-1);
  if (stories.length === 0) return null;
  return (
    <ul class="stories">
      {stories.map((story) => (
        <li key={story.id} class="story bad">
          <time class="num">{clock(story.at)}</time> {tn("cg.fork_story", story.times)}
        </li>
      ))}
    </ul>
  );
}
