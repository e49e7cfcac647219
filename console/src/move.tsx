// Moving a person into another database, where there are several.

import { useState } from "preact/hooks";

import type { ActionProps } from "./actions";
import { type Schemas, answered, api } from "./api";
import { Ask } from "./ask";
import { useLoaded } from "./state";
import { Select, Shown } from "./ui";

export function MoveUser({ id, done, close }: ActionProps) {
  const [home, setHome] = useState("");
  const status = useLoaded("homes", () => answered(api.GET("/admin/status")));
  const act = async () => {
    const moved = await answered(
      api.POST("/users/{userId}/move", { params: { path: { userId: id } }, body: { home: Number(home) } }),
    );
    if (moved.rows === 0)
      return (
        <p>
          {id} was in database {moved.home} already.
        </p>
      );
    return (
      <p>
        {id} is in database {moved.home} now. It was in database {moved.from}; {moved.rows} rows were moved.
      </p>
    );
  };
  return (
    <Ask
      title="Move to another database"
      verb="Move"
      act={act}
      ready={home !== ""}
      withReason={false}
      close={close}
      done={done}
    >
      <p>
        Every share of {id}, the history and the audit trail move together. New backups wait meanwhile, recoveries go
        on. If it breaks off, the database of before still has everything.
      </p>
      <Shown of={status}>
        {({ homes = [] }) => (
          <Select
            label="The database"
            value={home}
            options={[["", "Choose one"], ...homes.map((one): [string, string] => [String(one.home), described(one)])]}
            onChange={setHome}
          />
        )}
      </Shown>
    </Ask>
  );
}

/** "1: eu, 12.0 MiB, closed to new users". */
function described({ home, place, bytes, state }: Schemas["Home"]): string {
  const size = bytes === null ? null : `${(bytes / 2 ** 20).toFixed(1)} MiB`;
  const parts = [place, size, state === "open" ? null : `${state}: takes no new users`].filter((part) => part !== null);
  return `${home}${parts.length > 0 ? `: ${parts.join(", ")}` : ""}`;
}
