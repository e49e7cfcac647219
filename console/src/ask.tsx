// What every action asks before it is carried out, and how it says what came of it.

import type { ComponentChildren } from "preact";
import { useContext, useState } from "preact/hooks";

import { Reason, reasonOf } from "./reason";
import { OperatorContext, useAction } from "./state";
import { Dialog, Failed } from "./ui";

interface AskProps {
  title: string;
  verb: string;
  /** What `FOUR_EYES` calls it. */
  waits?: "eject" | "purge" | "client-api-key";
  children: ComponentChildren;
  /** Carries it out; what it resolves with is shown in the form's place. */
  act: (reason: { reason?: string }) => Promise<ComponentChildren>;
  ready?: boolean;
  withReason?: boolean;
  danger?: boolean;
  close: () => void;
  done: () => void;
}

/** Asks before an action is carried out, and says what came of it. */
export function Ask({
  title,
  verb,
  waits,
  children,
  act,
  ready = true,
  withReason = true,
  danger,
  close,
  done,
}: AskProps) {
  const { name, fourEyes } = useContext(OperatorContext);
  const [reason, setReason] = useState("");
  const [outcome, setOutcome] = useState<ComponentChildren>();
  const { busy, failure, run } = useAction();
  const [begun, setBegun] = useState(false);
  const submit = () => {
    setBegun(true);
    return run(async () => setOutcome(await act(reasonOf(reason))));
  };
  const end = () => {
    close();
    if (begun) done(); // also after a failure: the answer may have got lost behind what was done
  };
  return (
    <Dialog title={title} stays={busy} onClose={end}>
      {outcome === undefined ? (
        <form
          onSubmit={(event) => {
            event.preventDefault();
            void submit();
          }}
        >
          {children}
          {waits && fourEyes.includes(waits) && <p>It waits until another operator approves it, for 24 hours.</p>}
          {withReason && <Reason value={reason} onChange={setReason} />}
          <p class="quiet">The audit trail will name you, {name}.</p>
          {failure && <Failed failure={failure} />}
          <p class="buttons">
            <button type="submit" class={danger ? "danger" : "main"} disabled={busy || !ready}>
              {failure ? `${verb}: try again` : verb}
            </button>
            <button type="button" disabled={busy} onClick={end}>
              Cancel
            </button>
          </p>
        </form>
      ) : (
        <>
          <div role="status">{outcome}</div>
          <p class="buttons">
            <button type="button" class="main" onClick={end}>
              Close
            </button>
          </p>
        </>
      )}
    </Dialog>
  );
}
