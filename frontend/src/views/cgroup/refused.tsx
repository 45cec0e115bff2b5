/** What was asked for and not done: what, why, and what the other side said. */
import type { Failure } from "../../ui/failure";

export function Refused({ failed }: { failed: Failure }) {
  return (
    <div class="cg-refused" role="alert">
      <b>{failed.title}.</b> {failed.detail}
      {failed.technical !== null && <code>{failed.technical}</code>}
    </div>
  );
}
