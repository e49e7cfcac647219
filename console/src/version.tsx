// One version: what it is, what would change if it were restored, and the button that restores it.

import { useState } from "preact/hooks";

import { type Timeline, type Version, answered, api } from "./api";
import { givenKeys, keyOf, sameMethod } from "./lanes";
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
  const preview = useLoaded(keyOf(version), () =>
    answered(
      api.GET("/users/{userId}/timeline", {
        params: { path: { userId: id }, query: { restored: version.id, kind: version.kind, limit: 1 } },
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
      <Shown of={preview}>{(timeline) => <Changes timeline={timeline} restored={version} />}</Shown>
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
function Changes({ timeline, restored }: { timeline: Timeline; restored: Version }) {
  const versions = [...new Map([...timeline.versions, ...timeline.named].map((one) => [keyOf(one), one])).values()];
  const isRestored = (version: Version) => keyOf(version) === keyOf(restored);
  const isDisplaced = ({ kind, backupMethod }: Version) =>
    kind === restored.kind && sameMethod(backupMethod, restored.backupMethod);
  const before = givenKeys(timeline.given, versions);
  const after = givenKeys(
    timeline.ifRestored ?? timeline.given,
    versions,
    (version) => isRestored(version) || (version.supersededAt === null && !isDisplaced(version)),
  );
  const gained = versions.filter((version) => after.has(keyOf(version)) && !before.has(keyOf(version)));
  const lost = versions.filter((version) => before.has(keyOf(version)) && !after.has(keyOf(version)));
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
        <li key={keyOf(version)}>
          {who} would be given the {what} {name(version)}.
        </li>
      ))}
      {lost.map((version) => (
        <li key={keyOf(version)}>
          {who} would no longer be given the {what} {name(version)}.
        </li>
      ))}
    </>
  );
}
