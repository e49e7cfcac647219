// One person: the sentence first, then a card for each backup, the timeline, and what happened.

import { useState } from "preact/hooks";

import { Actions } from "./actions";
import { type Backup, Failure, type Timeline, type Version, answered, api } from "./api";
import { Events } from "./events";
import { givenKeys, keyOf } from "./lanes";
import { useLoaded } from "./state";
import { TimelineView } from "./timeline";
import { Shown, Time } from "./ui";
import { STATE_NAMES, WHAT_TO_DO, halfFinishedSince, listed, sentence, splitCurve } from "./words";

const VERSIONS_LOADED = 200;
const CARDS_SHOWN = 12;

export interface PersonData {
  timeline: Timeline;
  backups: Backup[];
}

async function loadPerson(id: string): Promise<PersonData> {
  const path = { params: { path: { userId: id } } };
  const backupsOf = () => answered(api.GET("/users/{userId}/backups", path));
  const timeline = await answered(
    api.GET("/users/{userId}/timeline", { params: { ...path.params, query: { limit: VERSIONS_LOADED } } }),
  ).catch(async (failure) => {
    // Of an id that no user has, the backups' refusal says more: whether it is a client's, or was purged, or only Portal knows it.
    if (failure instanceof Failure && failure.status === 404) await backupsOf();
    throw failure;
  });
  if (timeline.user === null) return { timeline, backups: [] };
  const { backups } = await backupsOf();
  return { timeline, backups };
}

export function Person({ id }: { id: string }) {
  const person = useLoaded(id, () => loadPerson(id));
  const [tried, setTried] = useState<readonly Backup[]>([]);
  const [changes, setChanges] = useState(0);
  const again = () => {
    setChanges(changes + 1); // the events too: the newest is what was just done
    person.again();
  };
  return (
    <>
      <h1>{id}</h1>
      <Shown of={person}>
        {({ timeline, backups: loaded }) => {
          const backups = withFound(loaded, tried, timeline);
          return (
            <>
              <p class="sentence">{sentence(timeline, backups)}</p>
              <Identity timeline={timeline} />
              <Actions id={id} timeline={timeline} done={again} tried={setTried} />
              {timeline.user !== null && <Cards backups={backups} versions={timeline.versions} />}
              {timeline.user !== null && <TimelineView id={id} first={timeline} changed={again} />}
              <Events key={changes} id={id} />
            </>
          );
        }}
      </Shown>
    </>
  );
}

/**
 * The backups with the shares that did not open when they were `tried`. The Worker opens them only when it is asked to, so what is loaded
 * later does not say it again. It stays true of a share as long as the share is needed.
 */
function withFound(backups: readonly Backup[], tried: readonly Backup[], timeline: Timeline): Backup[] {
  const versions = [...timeline.versions, ...timeline.named];
  const given = givenKeys(timeline.given, versions);
  return backups.map((backup) => {
    const known = backup.unopenable ?? [];
    const isSame = (a: Share, b: Share) =>
      a.kind === b.kind && a.backupMethod === b.backupMethod && a.storedAt === b.storedAt;
    const isNeeded = (share: Share) =>
      versions.some(
        (version) =>
          isSame(version, share) &&
          given.has(keyOf(version)) &&
          (version.supersededAt === null || backup.state === "half-finished"),
      );
    const found = tried
      .filter(({ backupMethod }) => backupMethod === backup.backupMethod)
      .flatMap(({ unopenable = [] }) => unopenable)
      .filter((share) => isNeeded(share) && !known.some((one) => isSame(one, share)));
    return found.length === 0 ? backup : { ...backup, opens: false, unopenable: [...known, ...found] };
  });
}

type Share = Pick<Version, "kind" | "backupMethod" | "storedAt">;

function Identity({ timeline: { user, deletions } }: { timeline: Timeline }) {
  return (
    <dl class="facts">
      {user && (
        <>
          <dt>Client id</dt>
          <dd>{user.clientId}</dd>
          <dt>Registered</dt>
          <dd>
            <Time at={user.createdAt} />
          </dd>
        </>
      )}
      {deletions.map((deletion) => (
        <>
          <dt>Deleted</dt>
          <dd>
            <Time at={deletion.deletedAt} />, client id {deletion.clientId}
          </dd>
        </>
      ))}
    </dl>
  );
}

function Cards({ backups, versions }: { backups: Backup[]; versions: Version[] }) {
  const [shown, setShown] = useState(CARDS_SHOWN);
  const current = versions.filter((version) => version.supersededAt === null);
  return (
    <section aria-labelledby="backups">
      <h2 id="backups">Backups</h2>
      {backups.length === 0 && versions.length === 0 && (
        <p>
          Nothing is stored. Ask the person to back up, as long as they have the device; and whether it is this client.
        </p>
      )}
      <ul class="cards">
        {backups.slice(0, shown).map((backup) => (
          <Card key={backup.backupMethod} backup={backup} current={current} />
        ))}
      </ul>
      {backups.length > shown && (
        <button type="button" onClick={() => setShown(shown + CARDS_SHOWN)}>
          {backups.length - shown} more
        </button>
      )}
    </section>
  );
}

function Card({ backup, current }: { backup: Backup; current: Version[] }) {
  const { backupMethod, state, userShareAt, userShareReplacedAlone, userShareSameAs, custodianShares } = backup;
  const methods = new Set([backupMethod, ...custodianShares.map((share) => share.backupMethod)]);
  const pairs = new Set(
    current
      .filter((v) => methods.has(v.backupMethod) && v.backupSharePairId !== null)
      .map((v) => v.backupSharePairId ?? ""),
  );
  const since = state === "half-finished" ? halfFinishedSince(backup) : undefined;
  return (
    <li class={`card ${state}`}>
      <h3>
        {backupMethod} <span class="state">{STATE_NAMES[state]}</span>
      </h3>
      <dl class="facts">
        <dt>Cipher text</dt>
        <dd>{userShareAt ? <Time at={userShareAt} /> : "none"}</dd>
        {userShareReplacedAlone && (
          <>
            <dt>Replaced alone</dt>
            <dd>
              <Time at={userShareReplacedAlone} />: a cipher text took the place of another, and no custodian share had
              come since. It may be junk. The one before it is in the history.
            </dd>
          </>
        )}
        {userShareSameAs && (
          <>
            <dt>Same cipher text</dt>
            <dd>
              {userShareSameAs} has the same one, byte for byte. It was stored under a wrong method in one of the two.
            </dd>
          </>
        )}
        {backup.opens === false && (
          <>
            <dt>Does not open</dt>
            <dd>
              {backup.unopenable?.map(({ kind, backupMethod, keyId, why }) => (
                <div key={`${kind} ${backupMethod}`}>
                  {kind === "user" ? "the cipher text" : splitCurve(backupMethod).curve}, under the key {keyId}: {why}
                </div>
              ))}
            </dd>
          </>
        )}
        {custodianShares.length === 0 && (
          <>
            <dt>Custodian share</dt>
            <dd>none</dd>
          </>
        )}
        {custodianShares.map((share) => (
          <>
            <dt>{splitCurve(share.backupMethod).curve}</dt>
            <dd>
              <Time at={share.storedAt} />
            </dd>
          </>
        ))}
        {since && (
          <>
            <dt>Half-finished since</dt>
            <dd>
              <Time at={since} />
            </dd>
          </>
        )}
        <dt>{pairs.size === 1 ? "Pair" : "Pairs"}</dt>
        <dd>{pairs.size > 0 ? listed([...pairs].sort()) : "not told"}</dd>
      </dl>
      <details open={state !== "complete"}>
        <summary>What to do now</summary>
        <p>{WHAT_TO_DO[state]}</p>
      </details>
    </li>
  );
}
