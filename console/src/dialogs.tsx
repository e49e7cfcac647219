// The dialog of each action: a sentence about what will happen, a reason, and what came of it.

import { useState } from "preact/hooks";

import type { ActionProps } from "./actions";
import { answered, api, withStatus } from "./api";
import { Ask } from "./ask";
import { Field, Secret, Time } from "./ui";
import { clock } from "./words";

const path = (userId: string) => ({ params: { path: { userId } } });

export function OpenEject({ id, done, close }: ActionProps) {
  const [minutes, setMinutes] = useState("5");
  const valid = /^([1-9]|[1-5][0-9]|60)$/.test(minutes);
  const act = async (reason: { reason?: string }) => {
    const body = { minutes: Number(minutes), ...reason };
    const { data } = await withStatus(api.POST("/users/{userId}/eject", { ...path(id), body }));
    return "ejectableUntil" in data ? (
      <p>
        The window is open until <Time at={data.ejectableUntil} />.
      </p>
    ) : (
      <Waiting until={data.expiresAt} />
    );
  };
  return (
    <Ask title="Open an eject window" verb="Open" waits="eject" act={act} ready={valid} close={close} done={done}>
      <p>
        For these minutes {id}’s app can read each custodian share once. With them and the cipher text it holds the
        whole private key: that is the end of the wallet’s protection. Be sure that the person asked for it.
      </p>
      <Field
        label="Minutes, 1 to 60"
        inputMode="numeric"
        value={minutes}
        onInput={(event) => setMinutes(event.currentTarget.value.trim())}
      />
    </Ask>
  );
}

export function CloseEject({ id, done, close }: ActionProps) {
  const act = async () => {
    await answered(api.DELETE("/users/{userId}/eject", path(id)));
    return <p>The window is closed.</p>;
  };
  return (
    <Ask title="Close the eject window" verb="Close the window" act={act} withReason={false} close={close} done={done}>
      <p>From now on {id}’s app can read no custodian share. What it has read already, it keeps.</p>
    </Ask>
  );
}

export function ReplaceKey({ id, done, close }: ActionProps) {
  const [key, setKey] = useState("");
  const act = async (reason: { reason?: string }) => {
    const body = { clientApiKey: key, ...reason };
    const { data } = await withStatus(api.PUT("/users/{userId}/client-api-key", { ...path(id), body }));
    return (
      <>
        {"expiresAt" in data ? (
          <Waiting until={data.expiresAt} />
        ) : (
          <p>The key is replaced. The one before opens nothing any more.</p>
        )}
        <Secret name="The new API key" value={key} />
      </>
    );
  };
  return (
    <Ask
      title="Replace the API key"
      verb="Replace"
      waits="client-api-key"
      act={act}
      ready={key !== ""}
      close={close}
      done={done}
    >
      <p>
        The app’s present key opens nothing from then on: {id}’s app needs the new one before its next backup. If the
        key leaked, release the quota as well.
      </p>
      <Field
        label="The new API key"
        hint="From Portal’s dashboard; or a random one, if your own app hands it out."
        type="password"
        value={key}
        onInput={(event) => setKey(event.currentTarget.value.trim())}
      />
      <p class="buttons">
        <button type="button" onClick={() => setKey(randomKey())}>
          Make a random one
        </button>
      </p>
    </Ask>
  );
}

/** 256 random bits, as characters that stand in a header. */
function randomKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(32));
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

export function Session({ id, done, close }: ActionProps) {
  const act = async () => {
    const { clientSessionToken } = await answered(api.POST("/users/{userId}/session", path(id)));
    return <Secret name="The new session token" value={clientSessionToken} />;
  };
  return (
    <Ask title="New session" verb="Make a session" act={act} withReason={false} close={close} done={done}>
      <p>
        Portal makes a new session token for {id}’s client. Whoever has it can use the wallet: give it to the person’s
        app only.
      </p>
    </Ask>
  );
}

export function ReleaseQuota({ id, done, close }: ActionProps) {
  const act = async () => {
    await answered(api.DELETE("/users/{userId}/quota", path(id)));
    return <p>The quota is released: backups are taken again.</p>;
  };
  return (
    <Ask title="Release the quota" verb="Release" act={act} withReason={false} close={close} done={done}>
      <p>
        What {id} replaced within the last day no longer counts, so backups that were answered 429 are taken at once. If
        a leaked key filled the quota, replace the key first.
      </p>
    </Ask>
  );
}

export function CancelPurge({ id, done, close }: ActionProps) {
  const act = async () => {
    await answered(api.DELETE("/users/{userId}/purge", path(id)));
    return <p>{id} is no longer going to be erased. The user stays deleted, and can be restored.</p>;
  };
  return (
    <Ask title="Cancel the purge" verb="Cancel the purge" act={act} withReason={false} close={close} done={done}>
      <p>{id} stays deleted, and is not erased.</p>
    </Ask>
  );
}

export function RestoreUser({ id, timeline, done, close }: ActionProps) {
  const deletion = timeline.deletions[0];
  const act = async (reason: { reason?: string }) => {
    const query = deletion ? { clientId: deletion.clientId } : {};
    await answered(api.POST("/users/{userId}/restore", { params: { path: { userId: id }, query }, body: reason }));
    return <p>{id} is there again, with every share and the app’s key.</p>;
  };
  return (
    <Ask title="Restore the user" verb="Restore" act={act} close={close} done={done}>
      <p>
        {id}
        {deletion && `, deleted on ${clock(deletion.deletedAt)},`} comes back with every share, the history and the
        app’s key.
      </p>
    </Ask>
  );
}

export function DeleteUser({ id, done, close }: ActionProps) {
  const act = async (reason: { reason?: string }) => {
    await answered(api.DELETE("/users/{userId}", { ...path(id), body: reason }));
    return <p>{id} is deleted, and can be restored.</p>;
  };
  return (
    <Ask title="Delete the user" verb="Delete" danger act={act} close={close} done={done}>
      <p>
        Nobody can back up or recover as {id} until the user is restored. Every share is kept, and can be restored for
        the retention.
      </p>
    </Ask>
  );
}

export function PurgeUser({ id, timeline, done, close }: ActionProps) {
  const [typed, setTyped] = useState("");
  const clientId = timeline.user?.clientId ?? timeline.deletions[0]?.clientId ?? "";
  const act = async (reason: { reason?: string }) => {
    const { data } = await withStatus(
      api.DELETE("/users/{userId}", { params: { path: { userId: id }, query: { purge: typed } }, body: reason }),
    );
    if (data && "expiresAt" in data) return <Waiting until={data.expiresAt} />;
    if (data && "purgeAt" in data) {
      return (
        <p>
          {id} is deleted, and will be erased for good <Time at={data.purgeAt} />. Until then the purge can be
          cancelled.
        </p>
      );
    }
    return <p>{id} is erased, for good.</p>;
  };
  return (
    <Ask
      title="Purge the user"
      verb="Erase for good"
      waits="purge"
      danger
      act={act}
      ready={clientId !== "" && typed === clientId}
      close={close}
      done={done}
    >
      <p>
        <strong>Erases {id}, every share and the whole history, for good.</strong> Whoever has no other backup of this
        wallet loses what is in it. Only the audit trail keeps the ids.
      </p>
      <Field
        label={`Type the client id, ${clientId}`}
        value={typed}
        onInput={(event) => setTyped(event.currentTarget.value)}
      />
    </Ask>
  );
}

function Waiting({ until }: { until: string }) {
  return (
    <p>
      It waits for the approval of another operator, until <Time at={until} />. <a href="#/approvals">What waits</a>
    </p>
  );
}
