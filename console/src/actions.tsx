// What an operator can do for a person. What the role does not allow is not shown.

import { useContext, useState } from "preact/hooks";

import type { Backup, Operator, Role, Timeline } from "./api";
import {
  CancelPurge,
  CloseEject,
  DeleteUser,
  OpenEject,
  PurgeUser,
  ReleaseQuota,
  ReplaceKey,
  RestoreUser,
  Session,
} from "./dialogs";
import { AskPortal, TryOpening } from "./looks";
import { MoveUser } from "./move";
import { OperatorContext, atLeast, useNow } from "./state";
import { Time } from "./ui";

export interface ActionProps {
  id: string;
  timeline: Timeline;
  /** Shows the person anew. */
  done: () => void;
  /** Tells what came of opening the person's shares. */
  tried: (backups: Backup[]) => void;
  close: () => void;
}

type Dialog = (props: ActionProps) => preact.JSX.Element;

interface Action {
  name: string;
  role: Role;
  when: (timeline: Timeline, operator: Operator) => boolean;
  dialog: Dialog;
}

const registered = ({ user }: Timeline) => user !== null;
const deleted = ({ user, deletions }: Timeline) => user === null && deletions.length > 0;

const ACTIONS: Action[] = [
  { name: "Do the shares open?", role: "viewer", when: registered, dialog: TryOpening },
  { name: "What does Portal list?", role: "viewer", when: registered, dialog: AskPortal },
  { name: "Open an eject window", role: "support", when: registered, dialog: OpenEject },
  { name: "Close the eject window", role: "support", when: (t) => t.ejectableUntil !== null, dialog: CloseEject },
  { name: "Replace the API key", role: "support", when: registered, dialog: ReplaceKey },
  { name: "New session", role: "support", when: registered, dialog: Session },
  { name: "Release the quota", role: "support", when: registered, dialog: ReleaseQuota },
  { name: "Cancel the purge", role: "admin", when: (t) => t.purgeAt !== null, dialog: CancelPurge },
  { name: "Restore the user", role: "support", when: deleted, dialog: RestoreUser },
  {
    name: "Move to another database",
    role: "admin",
    when: (timeline, { homes = [] }) => registered(timeline) && homes.length > 1,
    dialog: MoveUser,
  },
  { name: "Delete", role: "admin", when: registered, dialog: DeleteUser },
  { name: "Purge", role: "admin", when: (t) => registered(t) || deleted(t), dialog: PurgeUser },
];

export function Actions({ id, timeline, done, tried }: Omit<ActionProps, "close">) {
  const operator = useContext(OperatorContext);
  const [open, setOpen] = useState<Action>();
  const offered = ACTIONS.filter((action) => atLeast(operator, action.role) && action.when(timeline, operator));
  const close = () => setOpen(undefined);
  return (
    <>
      {timeline.purgeAt !== null && (
        <p class="notice">
          <strong>A purge waits:</strong> everything of this user is erased for good <Time at={timeline.purgeAt} />.
        </p>
      )}
      {timeline.ejectableUntil !== null && <Countdown until={timeline.ejectableUntil} over={done} />}
      {offered.length > 0 && (
        <div class="buttons">
          {offered.map((action) => (
            <button key={action.name} type="button" onClick={() => setOpen(action)}>
              {action.name}
            </button>
          ))}
        </div>
      )}
      {open && <open.dialog id={id} timeline={timeline} done={done} tried={tried} close={close} />}
    </>
  );
}

function Countdown({ until, over }: { until: string; over: () => void }) {
  const seconds = Math.ceil((Date.parse(until) - useNow()) / 1_000);
  if (seconds <= 0) {
    return (
      <p class="notice">
        The eject window has just ended.{" "}
        <button type="button" onClick={over}>
          Look again
        </button>
      </p>
    );
  }
  const left = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
  return (
    <p class="notice">
      <strong>An eject window is open</strong> for <span role="timer">{left}</span> minutes: the person's app can read
      each custodian share once.
    </p>
  );
}
