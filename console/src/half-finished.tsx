// Whose re-backups broke off: the list under the search box, and in the whole view.

import { answered, api } from "./api";
import { personLink, useLoaded } from "./state";
import { Shown, Time } from "./ui";

const NAMED = 20;

export function HalfFinished() {
  const status = useLoaded("status", () => answered(api.GET("/admin/status")));
  const named = useLoaded("half-finished", () =>
    answered(api.GET("/admin/half-finished", { params: { query: { limit: NAMED } } })),
  );
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
      <Shown of={named}>
        {({ halfFinished, cursor }) => (
          <>
            <ul>
              {halfFinished.map(({ userId, backupMethod, since }) => (
                <li key={`${userId} ${backupMethod}`}>
                  <a href={personLink(userId)}>{userId}</a> {backupMethod}, since <Time at={since} />
                </li>
              ))}
            </ul>
            {cursor && <p class="quiet">… and more: GET /admin/half-finished names them all.</p>}
          </>
        )}
      </Shown>
    </section>
  );
}
