// One version: what it is, what would change if it were restored, and the button that restores it.

import { useState } from "preact/hooks";

import { type Timeline, type Version, answered, api } from "./api";
import { Reason, reasonOf } from "./reason";
import { useAction, useLoaded, useMay } from "./state";
import { Failed, Shown, Time } from "./ui";

interface Props {
  id: string;
  version: Version;
  changed: () => void;
  close: () => void;
}

export function VersionPanel({ id, version, changed, close }: Props) {
  const superseded = version.supersededAt !== null;
  return (
    <aside class="panel" aria-label="The chosen version" aria-live="polite">
      <h3>
        {version.kind === "user" ? "Cipher text" : "Custodian share"} {version.backupMethod}
      </h3>
      <dl class="facts">
        <dt>Stored</dt>
        <dd>
          <Time at={version.storedAt} />
        </dd>
        <dt>Superseded</dt>
        <dd>{version.supersededAt ? <Time at={version.supersededAt} /> : "no, it is current"}</dd>
        <dt>Pair</dt>
        <dd>{version.backupSharePairId ?? "not told"}</dd>
        <dt>Id</dt>
        <dd>
          <code>{version.id}</code>
        </dd>
      </dl>
      {superseded && <IfRestored id={id} version={version} changed={changed} />}
      <p class="buttons">
        <button type="button" onClick={close}>
          Close
        </button>
      </p>
    </aside>
  );
}

function IfRestored({ id, version, changed }: Omit<Props, "close">) {
  const may = useMay("support");
  const preview = useLoaded(version.id, () =>
    answered(
      api.GET("/users/{userId}/timeline", {
        params: { path: { userId: id }, query: { restored: version.id, limit: 1 } },
      }),
    ),
  );
  const [reason, setReason] = useState("");
  const { busy, failure, run } = useAction();
  const restore = () =>
    run(async () => {
      const body = { versionId: version.id, kind: version.kind, ...reasonOf(reason) };
      await answered(api.POST("/users/{userId}/backups/restore", { params: { path: { userId: id } }, body }));
      changed();
    });
  return (
    <>
      <h4>If it were restored</h4>
      <Shown of={preview}>{(timeline) => <Changes timeline={timeline} />}</Shown>
      {may && (
        <>
          <Reason value={reason} onChange={setReason} />
          {failure && <Failed failure={failure} again={() => void restore()} />}
          <p class="buttons">
            <button
              type="button"
              class="main"
              disabled={busy || preview.data === undefined}
              onClick={() => void restore()}
            >
              Restore this version
            </button>
          </p>
        </>
      )}
    </>
  );
}

/** What a restore would change, in sentences: `named` of the preview has every version that it speaks of. */
function Changes({ timeline }: { timeline: Timeline }) {
  const after = timeline.ifRestored ?? timeline.given;
  const versions = new Map([...timeline.versions, ...timeline.named].map((version) => [version.id, version]));
  const find = (ids: readonly string[], others: readonly string[]) =>
    ids.filter((id) => !others.includes(id)).flatMap((id) => versions.get(id) ?? []);
  const gained = find(after, timeline.given);
  const lost = find(timeline.given, after);
  const of = (list: readonly Version[], kind: Version["kind"]) => list.filter((version) => version.kind === kind);
  return (
    <ul class="changes">
      <Change who="Portal" what="custodian share" gained={of(gained, "custodian")} lost={of(lost, "custodian")} />
      <Change who="The app" what="cipher text" gained={of(gained, "user")} lost={of(lost, "user")} />
      <li>What it displaces goes into the history, and can be restored in its turn.</li>
    </ul>
  );
}

function Change({ who, what, gained, lost }: { who: string; what: string; gained: Version[]; lost: Version[] }) {
  if (gained.length === 0 && lost.length === 0) {
    return <li>{who} would be given the same as now.</li>;
  }
  const name = (version: Version) => (
    <>
      {version.backupMethod} of <Time at={version.storedAt} />
    </>
  );
  return (
    <>
      {gained.map((version) => (
        <li key={version.id}>
          {who} would be given the {what} {name(version)}.
        </li>
      ))}
      {lost.map((version) => (
        <li key={version.id}>
          {who} would no longer be given the {what} {name(version)}.
        </li>
      ))}
    </>
  );
}
