// What the states mean for a person, in the words of docs/operations.md, "Somebody cannot recover".

import type { Backup, Timeline } from "./api";

export const STATE_NAMES: Record<Backup["state"], string> = {
  complete: "complete",
  "half-finished": "half-finished",
  "no-user-share": "never finished",
  "no-custodian-share": "without Portal's share",
};

/** What to do now, for each state. */
export const WHAT_TO_DO: Record<Backup["state"], string> = {
  complete:
    "Both halves are here. If it still fails, the device's key is not the one that the cipher text was made with: a new phone, another cloud account, a forgotten password. Then look for an older cipher text in the timeline, and restore the newest one from before the trouble began.",
  "half-finished":
    "A newer custodian share came, its cipher text did not. Portal is given both, old and new, so the old backup recovers as long as there is a key for it. Ask the person to open the app on the device that made the backup: it sends the cipher text, or backs up again. Do not let them lose that device before.",
  "no-user-share":
    "Only the custodian share came: this backup never was complete. Look for another method, or for a cipher text in the timeline. Else ask the person to back up again, as long as they have the device.",
  "no-custodian-share":
    "Portal's webhook never came, or came for another client. Look at the events below, and at the webhook in Portal's dashboard. Ask the person to back up again, as long as they have the device.",
};

/** Made when it is needed first: a formatter takes as long as a view. */
function once<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => (made ??= make());
}

const DATE = { day: "numeric", month: "long", year: "numeric" } as const;
const dateFormat = once(() => new Intl.DateTimeFormat("en", DATE));
const utcDateFormat = once(() => new Intl.DateTimeFormat("en", { ...DATE, timeZone: "UTC" }));
/** Sweden writes a day as 2026-01-31. */
const shortDateFormat = once(() => new Intl.DateTimeFormat("sv"));
const timeFormat = once(
  () =>
    new Intl.DateTimeFormat("en", {
      day: "numeric",
      month: "short",
      year: "numeric",
      hour: "2-digit",
      minute: "2-digit",
      hourCycle: "h23",
    }),
);
const numberFormat = once(() => new Intl.NumberFormat("en"));
/** Of a moment, the day where the operator is. What has no time, such as 2026-01-31, is a day already: the Worker's, of UTC. */
export const day = (time: string) => (time.includes("T") ? dateFormat() : utcDateFormat()).format(new Date(time));
/** As `day`, short: 2026-01-31. */
export const shortDay = (time: string) => shortDateFormat().format(new Date(time));
export const clock = (time: string) => timeFormat().format(new Date(time));
export const count = (value: number) => numberFormat().format(value);

/** "A", "A and B", "A, B and C". */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? (names[0] ?? "") : `${names.slice(0, -1).join(", ")} and ${names.at(-1)}`;
}

/** When the custodian share came that a half-finished backup lacks the cipher text of. None: only the pairs differ. */
export function halfFinishedSince({ userShareAt, custodianShares }: Backup): string | undefined {
  const newer = custodianShares.map((share) => share.storedAt).filter((at) => userShareAt === null || at > userShareAt);
  return newer.sort()[0];
}

const plural = (names: readonly string[], one: string, many: string) => (names.length === 1 ? one : many);

/** The first thing an operator wants to know: can this person recover? */
export function sentence(
  timeline: Pick<Timeline, "user" | "deletions" | "versions">,
  backups: readonly Backup[],
): string {
  if (timeline.user === null) {
    const deleted = timeline.deletions[0];
    return deleted === undefined
      ? "This user is not registered."
      : `Was deleted on ${day(deleted.deletedAt)}: nobody recovers until the user is restored.`;
  }
  if (backups.length === 0)
    return timeline.versions.length > 0
      ? "Cannot recover now: no share is current. Older ones are kept: restore them in the timeline."
      : "Cannot recover: nothing is stored here.";
  const shut = backups.filter((backup) => backup.opens === false);
  const of = (state: Backup["state"]) => backups.filter((backup) => backup.state === state && !shut.includes(backup));
  const names = (list: readonly Backup[]) => list.map((backup) => backup.backupMethod);
  const complete = of("complete");
  const sure = names(complete.filter((backup) => doubtAbout(backup) === undefined));
  const half = of("half-finished");
  const parts: string[] = [];
  if (sure.length > 0) parts.push(`Can recover with ${listed(sure)}.`);
  else if (complete.length > 0) parts.push("May not recover.");
  else if (half.length > 0)
    parts.push(`Can recover only if the device still has the key of the backup before, with ${listed(names(half))}.`);
  else if (shut.length > 0) parts.push("Cannot recover now.");
  else parts.push("Cannot recover: no backup has both of its halves.");
  for (const backup of complete) {
    const doubt = doubtAbout(backup);
    if (doubt) parts.push(`${backup.backupMethod} has both halves, but ${doubt}.`);
  }
  if (shut.length > 0)
    parts.push(
      `What is stored for ${listed(names(shut))} does not open here: ${listed(reasons(shut))}. Tell whoever runs the service.`,
    );
  for (const backup of half) {
    const since = halfFinishedSince(backup);
    parts.push(
      since
        ? `${backup.backupMethod} is half-finished since ${day(since)}: its new cipher text did not come.`
        : `${backup.backupMethod} is half-finished: its two halves are of different pairs.`,
    );
  }
  const lacking = names(of("no-user-share"));
  if (lacking.length > 0)
    parts.push(`${listed(lacking)} ${plural(lacking, "was", "were")} never finished: only Portal's share came.`);
  const alone = names(of("no-custodian-share"));
  if (alone.length > 0)
    parts.push(`${listed(alone)} ${plural(alone, "lacks", "lack")} Portal's share: only the app's cipher text came.`);
  return parts.join(" ");
}

/** Why a complete backup may not recover all the same. */
function doubtAbout({ userShareReplacedAlone, userShareSameAs }: Backup): string | undefined {
  if (userShareSameAs)
    return `its cipher text is also that of ${userShareSameAs}, and can be right for one of them only`;
  if (userShareReplacedAlone) return "its cipher text took the place of another alone, and may be junk";
  return undefined;
}

/** Why the shares of these backups do not open, each reason once. */
const reasons = (backups: readonly Backup[]) => [
  ...new Set(backups.flatMap(({ unopenable = [] }) => unopenable.map(({ why }) => why))),
];

const CURVES = ["SECP256K1", "ED25519"];

/** The curve that a custodian share's method ends with, and the app's method before it. */
export function splitCurve(method: string): { app: string; curve: string } {
  const at = method.lastIndexOf("-");
  const curve = method.slice(at + 1).toUpperCase();
  return at > 0 && CURVES.includes(curve) ? { app: method.slice(0, at), curve } : { app: method, curve: "no curve" };
}

/** What a share that does not open is, without its app's method. */
export const unopenableName = ({ kind, backupMethod }: NonNullable<Backup["unopenable"]>[number]) =>
  kind === "user" ? "the cipher text" : `the custodian share (${splitCurve(backupMethod).curve})`;
