// Finding a person: by user id, client id, or the beginning of either; below it, who had something done lately.

import { useEffect, useState } from "preact/hooks";

import { type User, answered, api } from "./api";
import { HalfFinished } from "./half-finished";
import { type Loaded, personLink, useLoaded } from "./state";
import { Shown, Time } from "./ui";

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
  const byId = usePages(`id ${text}`, (cursor) =>
    answered(api.GET("/users", { params: { query: { idBegins: text, limit: LISTED, ...cursor } } })),
  );
  const byClient = usePages(`client ${text}`, (cursor) =>
    answered(api.GET("/users", { params: { query: { clientIdBegins: text, limit: LISTED, ...cursor } } })),
  );
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

interface Pages {
  loaded: Loaded<User[]>;
  more: (() => void) | undefined;
}

/** A list that grows by a page when more is asked for. */
function usePages(
  key: string,
  load: (cursor: { cursor?: string }) => Promise<{ users: User[]; cursor: string | null }>,
): Pages {
  const [before, setBefore] = useState<User[]>([]);
  const [cursor, setCursor] = useState<string>();
  const page = useLoaded(`${key} ${cursor ?? ""}`, () => load(cursor === undefined ? {} : { cursor }));
  const users = page.data ? [...before, ...page.data.users] : before.length > 0 ? before : undefined;
  const next = page.data?.cursor;
  return {
    loaded: { ...page, data: users },
    more: next
      ? () => {
          setBefore(users ?? []);
          setCursor(next);
        }
      : undefined,
  };
}

function Users({ title, pages }: { title: string; pages: Pages }) {
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
      {pages.more && (
        <button type="button" onClick={pages.more}>
          More
        </button>
      )}
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
