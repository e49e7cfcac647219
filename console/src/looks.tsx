// Looks that take more than a read of the database: opening the shares, and asking Portal. Both change nothing.

import type { ActionProps } from "./actions";
import { type Backup, type Schemas, answered, api } from "./api";
import { Ask } from "./ask";
import { Time } from "./ui";
import { listed, unopenableName } from "./words";

type PortalView = Schemas["PortalView"];

const backupsOf = (userId: string, query: { check?: "1"; portal?: "1" }) =>
  answered(api.GET("/users/{userId}/backups", { params: { path: { userId }, query } }));

export function TryOpening({ id, done, tried, close }: ActionProps) {
  const act = async () => {
    const { backups } = await backupsOf(id, { check: "1" });
    tried(backups);
    return <Opened backups={backups} />;
  };
  return (
    <Ask title="Do the shares open?" verb="Open them" act={act} withReason={false} close={close} done={done}>
      <p>
        The server opens each of {id}’s current shares with its key, and says which do not open. It shows no share, and
        changes none.
      </p>
    </Ask>
  );
}

function Opened({ backups }: { backups: Backup[] }) {
  const shares = backups.reduce((sum, { userShareAt, custodianShares }) => {
    return sum + custodianShares.length + (userShareAt === null ? 0 : 1);
  }, 0);
  const shut = backups.flatMap(({ unopenable = [] }) => unopenable);
  if (shares === 0) return <p>Nothing is stored, so there is nothing to open.</p>;
  const untried = backups.filter(({ opens }) => opens === "unknown").map(({ backupMethod }) => backupMethod);
  if (shut.length === 0 && untried.length > 0)
    return (
      <p>
        No share was found that does not open. But the server opens no more than so many at once, and did not try all of{" "}
        {listed(untried)}.
      </p>
    );
  if (shut.length === 0) return <p>{shares === 1 ? "The one share opens." : `All ${shares} shares open.`}</p>;
  const which = shares === 1 ? "The one share" : `${shut.length} of ${shares} shares`;
  return (
    <>
      <p>
        <strong>
          {which} {shut.length === 1 ? "does" : "do"} not open.
        </strong>{" "}
        Tell whoever runs the service.
      </p>
      <ul>
        {shut.map((share) => (
          <li key={`${share.kind} ${share.backupMethod}`}>
            {share.backupMethod}, {unopenableName(share)} of <Time at={share.storedAt} />, under the key {share.keyId}:{" "}
            {share.why}
          </li>
        ))}
      </ul>
    </>
  );
}

export function AskPortal({ id, timeline, done, close }: ActionProps) {
  const act = async () => {
    const { portal } = await backupsOf(id, { portal: "1" });
    return portal ? <Listed view={portal} /> : <p>The server did not say.</p>;
  };
  return (
    <Ask title="What does Portal list?" verb="Ask Portal" act={act} withReason={false} close={close} done={done}>
      <p>
        The server asks Portal which backups it counts for the client {timeline.user?.clientId}, and compares them with
        what is stored here. It changes nothing, here or there.
      </p>
    </Ask>
  );
}

const HELD = { current: "is here", superseded: "is in the history" } as const;

function Listed({ view: { known, why, pairs, missing, ours, hasUntoldPairs } }: { view: PortalView }) {
  if (known === "unknown") return <p>Portal did not tell. {why}</p>;
  if (known === false)
    return <p>Portal has no such client. Is it the client id that the person’s app uses, and the right account?</p>;
  const unlisted = ours.filter(({ isAtPortal, held }) => !isAtPortal && held === "current");
  return (
    <>
      {missing.length > 0 ? (
        <p>
          <strong>
            Portal counts {missing.length === 1 ? "a backup" : `${missing.length} backups`} as completed whose custodian
            share is not here.
          </strong>{" "}
          Tell whoever runs the service, and ask the person to back up again, as long as they have the device.
        </p>
      ) : (
        <p>Every backup that Portal counts as completed is here.</p>
      )}
      <ul>
        {pairs.map(({ id, backupMethod, curve, status, createdAt, held, isMissing }) => (
          <li key={id}>
            {listed([backupMethod, curve].filter((name) => name !== null))} {status}, pair <code>{id}</code>
            {createdAt && (
              <>
                {" "}
                of <Time at={createdAt} />
              </>
            )}
            : {held === null ? isMissing ? <strong>is not here</strong> : "is not here, and need not be" : HELD[held]}
          </li>
        ))}
      </ul>
      {pairs.length === 0 && <p>Portal lists no backup of this client.</p>}
      {unlisted.length > 0 && (
        <p>Portal does not list these, which are here: {listed(unlisted.map(({ backupMethod }) => backupMethod))}.</p>
      )}
      {hasUntoldPairs && (
        <p class="quiet">Some shares here do not say which pair they are of: they are not compared.</p>
      )}
    </>
  );
}
