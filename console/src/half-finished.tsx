// Whose re-backups broke off: the list under the search box, and in the whole view.

import { answered, api } from "./api";
import { useLoaded } from "./state";
import { Shown } from "./ui";

export function HalfFinished() {
  const status = useLoaded("status", () => answered(api.GET("/admin/status")));
  return (
    <section>
      <h2>Half-finished</h2>
      <Shown of={status}>
        {({ halfFinished }) => (
          <p>
            {halfFinished === 0
              ? "No backup is half-finished."
              : `${halfFinished} ${halfFinished === 1 ? "backup is" : "backups are"} half-finished.`}
          </p>
        )}
      </Shown>
    </section>
  );
}
