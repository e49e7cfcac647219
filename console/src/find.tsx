// Finding a person: by user id, client id, or the beginning of either; below it, who had something done lately.

import { useEffect, useState } from "preact/hooks";

import { type User, answered, api } from "./api";
import { HalfFinished } from "./half-finished";
import { type Pages, personLink, useLoaded, usePages } from "./state";
import { More, Shown, Time } from "./ui";

const PAUSE_MS = 200; // typing goes on
const LISTED = 20;

export function Find() {
  const [typed, setTyped] = useState("");
  const [sought, setSought] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setSought(typed.trim()), PAUSE_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  return (
    <>
      <h1>Find a person</h1>
      <search>
        <label for="find">User id, client id, or the beginning of either</label>
        <input
          id="find"
          type="search"
          autocomplete="off"
          spellcheck={false}
          maxLength={128}
          value={typed}
          onInput={(event) => setTyped(event.currentTarget.value)}
        />
      </search>
      {sought ? <Found key={sought} text={sought} /> : <Lately />}
    </>
  );
}

function Found({ text }: { text: string }) {
  const find = (by: { idBegins: string } | { clientIdBegins: string }) => async (cursor: { cursor?: string }) => {
    const page = await answered(api.GET("/users", { params: { query: { ...by, limit: LISTED, ...cursor } } }));
    return { items: page.users, cursor: page.cursor };
  };
  const byId = usePages(`id ${text}`, find({ idBegins: text }));
  const byClient = usePages(`client ${text}`, find({ clientIdBegins: text }));
  const nobody =
    byId.loaded.data?.length === 0 &&
    byClient.loaded.data?.length === 0 &&
    !byId.loaded.loading &&
    !byClient.loaded.loading;
  return (
    <div aria-live="polite">
      <Users title="User id" pages={byId} />
      <Users title="Client id" pages={byClient} />
      {nobody && (
        <p>
          Nobody registered has an id that begins so. <a href={personLink(text)}>Was a user “{text}” deleted?</a>
        </p>
      )}
    </div>
  );
}

function Users({ title, pages }: { title: string; pages: Pages<User> }) {
  if (pages.loaded.data?.length === 0) return null;
  return (
    <section>
      <h2>{title}</h2>
      <Shown of={pages.loaded}>
        {(users) => (
          <ul class="people">
            {users.map((user) => (
              <li key={user.id}>
                <a href={personLink(user.id)}>{user.id}</a> <span class="quiet">{user.clientId}</span>
              </li>
            ))}
          </ul>
        )}
      </Shown>
      <More of={pages} />
    </section>
  );
}

/** Who had something done lately, from the newest events of the audit trail. */
function Lately() {
  const events = useLoaded("lately", () => answered(api.GET("/audit", { params: { query: { limit: 100 } } })));
  return (
    <div class="columns">
      <section>
        <h2>Recent</h2>
        <Shown of={events}>
          {({ events }) => {
            const newest = new Map<string, (typeof events)[number]>();
            for (const event of events) {
              if (event.userId && event.action !== "view_user" && !newest.has(event.userId))
                newest.set(event.userId, event);
            }
            if (newest.size === 0) return <p>Nothing was done lately.</p>;
            return (
              <ul class="people">
                {[...newest].slice(0, LISTED).map(([id, event]) => (
                  <li key={id}>
                    <a href={personLink(id)}>{id}</a>{" "}
                    <span class="quiet">
                      {event.action.replaceAll("_", " ")}, {event.outcome.replaceAll("_", " ")}, <Time at={event.at} />
                    </span>
                  </li>
                ))}
              </ul>
            );
          }}
        </Shown>
      </section>
      <HalfFinished />
    </div>
  );
}
