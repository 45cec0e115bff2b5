/** What happened in the cgroup, told in a sentence: the last of each kind, with what its figures belong to. */
import { clock } from "../state/format";
import type { LiveEvent } from "../state/live";
import { storySentence } from "./events_words";

export function OomStories({ events }: { events: readonly LiveEvent[] }) {
  return <Stories of={events.filter((event) => event.kind === "oom").slice(-3)} />;
}

export function ForkStories({ events }: { events: readonly LiveEvent[] }) {
  return <Stories of={events.filter((event) => event.kind === "refused-fork").slice(-1)} />;
}

/** Newest first. */
function Stories({ of: stories }: { of: readonly LiveEvent[] }) {
  if (stories.length === 0) return null;
  return (
    <ul class="stories">
      {stories.toReversed().map((story) => (
        <li key={story.id} class="story bad">
          <time class="num">{clock(story.at)}</time> {storySentence(story)}
        </li>
      ))}
    </ul>
  );
}
