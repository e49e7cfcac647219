// People move from one database to another: also by halves, and beside anything else.

import { setTimeout as sleep } from "node:timers/promises";

import { checkRequests } from "./checks.mjs";
import { homeOf } from "./looks.mjs";
import {
  HOMES,
  OVERLOADED,
  STEPS_OF,
  admin,
  anyone,
  below,
  calls,
  chance,
  entries,
  inTrouble,
  isAcknowledged,
  lapse,
  meeting,
  now,
  path,
  pick,
  steps,
  tell,
} from "./world.mjs";

export const move = async (person, home, faults) => {
  const from = await homeOf(person);
  const answer = await admin("POST", path(person, "/move"), { home }, faults);
  return { answer, told: `${person.user.id} from ${from} to ${home}: ${answer.status}` };
};

Object.assign(STEPS_OF, {
  async move() {
    const person = anyone("registered", "registered", "deleted");
    if (!person) return undefined;
    const { answer, told } = await move(person, pick(HOMES));
    isAcknowledged(answer, ...(now.disturbed ? [409] : []));
    return told;
  },
  /** A move that meets a fault at one of its batches, and perhaps at all behind it. */
  async brokenMove() {
    const person = anyone("registered", "registered", "deleted");
    if (!person) return undefined;
    const behind = below(24);
    const plan = [...Array(behind).fill("pass"), pick([OVERLOADED, OVERLOADED, "commit-then-fail"])];
    const then = pick(["pass", OVERLOADED, OVERLOADED]);
    const directory = pick([{}, {}, { plan: ["pass", "pass"], then: OVERLOADED }]);
    const told = await inTrouble(async () => {
      const { answer, told } = await move(person, pick(HOMES), { plan, then, directory });
      isAcknowledged(answer, 409);
      return told;
    });
    // Half a minute is over: nobody holds still any more.
    await lapse();
    return `${told}, at its batch ${behind}, then ${JSON.stringify(then)}, ${JSON.stringify(directory)}`;
  },
  /** Something else comes while a move waits at one of its batches. */
  async besideMove() {
    const person = anyone("registered", "registered", "deleted");
    if (!person) return undefined;
    const behind = below(28);
    const tag = `${++now.tags}`;
    const other = pick([
      "store",
      "store",
      "deleteUser",
      "restoreUser",
      "purge",
      "replaceKey",
      "move",
      "quarter",
      "minute",
      "register",
      "import",
      "webhookRegisters",
      "restoreVersion",
      "look",
    ]);
    steps.push(`  ${person.user.id}, held at its batch ${behind}, beside it ${other}`);
    return inTrouble(async () => {
      const at = pick([0, 1]);
      let isOver = false;
      const moving = calls[at]
        .admin(
          "POST",
          path(person, "/move"),
          { home: pick(HOMES) },
          meeting({ tag, plan: [...Array(behind).fill("pass"), "hold"] }),
        )
        .finally(() => (isOver = true));
      moving.catch(() => {});
      while (!isOver && (await entries[at].met(tag)).length <= behind) await sleep(3);
      now.aimed = chance(0.8) ? person : undefined;
      const doing = other === "look" ? now.down === undefined && checkRequests(person) : STEPS_OF[other]();
      if (chance(0.5)) await doing;
      await entries[at].release(tag);
      tell(await doing);
      now.aimed = undefined;
      const answer = await moving;
      isAcknowledged(answer, 404, 409);
      return `${answer.status}`;
    });
  },
  /** Of two moves at once one takes place at most, or one after the other. */
  async movesAtOnce() {
    const person = anyone("registered", "registered", "deleted");
    if (!person) return undefined;
    return inTrouble(async () => {
      const both = await Promise.all([1, 2].map(() => move(person, pick(HOMES))));
      for (const { answer } of both) isAcknowledged(answer, 409);
      return both.map(({ told }) => told).join("; ");
    });
  },
});
