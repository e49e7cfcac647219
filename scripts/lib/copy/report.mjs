// What a walk found, in lines.

import { say } from "../log.mjs";

const MOST = 100;
const count = (n, one, many = `${one}s`) => `${n.toLocaleString("en")} ${n === 1 ? one : many}`;

/** The lines that name what is wrong: none if nothing is. */
export function findings({ damaged, unopened, differences, users = [], leftOut = [], waiting = 0 }) {
  return [
    ...(waiting > 0 ? [unlooked(waiting)] : []),
    ...damaged.map((name) => `damaged: ${name}`),
    ...unopened.map((name) => `does not open with the keys there are: ${name}`),
    ...differences.map(({ userId, kind, id, wrong }) => `${wrong}: user ${userId}, ${kind}${id ? ` ${id}` : ""}`),
    ...leftOut.map(
      (id) => `left out: user ${id}. Run it again; if the user is in another database, first move it here`,
    ),
    ...users.map((id) => `not in the copy: user ${id}, all of it`),
  ];
}

/** Says them, as many as somebody reads. */
export function tell(lines) {
  for (const line of lines.slice(0, MOST)) say(line);
  if (lines.length > MOST) say(`… and ${count(lines.length - MOST, "more line")}`);
}

/** Users with changes that wait are left out: nobody knows whether all is well with them. */
const unlooked = (waiting) =>
  `${count(waiting, "change waits", "changes wait")} to be copied: users were left out because of that. Run it again when none waits (GET /admin/status: copy.pending); the Worker copies every minute.`;

export const summary = ({ objects, users, shares, versions, deleted }) =>
  `${count(objects, "object")}: ${count(users, "user")}, ${count(shares, "current share")}, ${count(versions, "superseded share")}, ${count(deleted, "deleted user")}`;
