// Whose re-backups broke off: the list under the search box, and in the whole view.

import { answered, api } from "./api";
import { personLink, useLoaded, usePages } from "./state";
import { More, Shown, Time } from "./ui";

const NAMED = 20;

export function HalfFinished() {
  const status = useLoaded("status", () => answered(api.GET("/admin/status")));
  const named = usePages("half-finished", async (cursor) => {
    const page = await answered(api.GET("/admin/half-finished", { params: { query: { limit: NAMED, ...cursor } } }));
    return { items: page.halfFinished, cursor: page.cursor };
  });
  return (
    <section>
      <h2>Half-finished</h2>
      <Shown of={status}>
        {({ halfFinished }) => (
          <p>
            {halfFinished === null
              ? "How many backups are half-finished is not known: not every database has answered."
              : halfFinished === 0
                ? "No backup is half-finished."
                : `${halfFinished} ${halfFinished === 1 ? "backup is" : "backups are"} half-finished.`}
          </p>
        )}
      </Shown>
      <Shown of={named.loaded}>
        {(backups) => (
          <ul>
            {backups.map(({ userId, backupMethod, since }) => (
              <li key={`${userId} ${backupMethod}`}>
                <a href={personLink(userId)}>{userId}</a> {backupMethod}, since <Time at={since} />
              </li>
            ))}
          </ul>
        )}
      </Shown>
      <More of={named} />
    </section>
  );
}
