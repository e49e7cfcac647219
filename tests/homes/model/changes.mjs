// What happens to people: each step is a request, or a file.

import assert from "node:assert/strict";

import { importOf } from "../../support/bulk.mjs";
import { homeOf, observe, textOf } from "./looks.mjs";
import {
  HOMES,
  METHODS,
  STEPS_OF,
  admin,
  anyone,
  app,
  chance,
  doubt,
  isAcknowledged,
  isTroubled,
  meeting,
  now,
  path,
  pick,
  portal,
  sqlOf,
  worker,
  workers,
} from "./world.mjs";

export async function register(person) {
  const former = person.user;
  person.user = { ...former, clientApiKey: `key-${++now.texts}-of-${former.id}` };
  const home = chance(0.7) ? { home: pick(HOMES) } : {};
  const answer = await admin("POST", "/users", { ...person.user, ...home });
  // Somebody who was there before stays there: another home is not taken.
  if (isAcknowledged(answer, 409)) person.state = "registered";
  else await observe(person);
  if (person.state === "registered") {
    person.formerKeys.push(former.clientApiKey);
    person.current.clear();
  } else person.user = former;
  return `${person.user.id}: ${answer.status}, in home ${await homeOf(person)}`;
}

export async function purge(person) {
  const answer = await admin("DELETE", path(person, `?purge=${person.user.clientId}`));
  if (!isAcknowledged(answer)) {
    await observe(person);
    if (person.state !== "unknown") return `${person.user.id}: ${answer.status}`;
  }
  for (const text of [...person.held, ...person.maybe, ...person.lost]) person.erased.add(text);
  Object.assign(person, { state: "unknown", held: new Set(), maybe: new Set(), lost: new Set() });
  person.current.clear();
  return person.user.id;
}

export async function store(person) {
  const kind = person.hasKeyInDoubt ? "custodian" : pick(["custodian", "user"]);
  const backupMethod = pick(METHODS[kind]);
  const text = `${kind} text ${++now.texts}`;
  const place = `${kind} ${backupMethod}`;
  const answer =
    kind === "custodian"
      ? await portal("/webhook/backup", { clientId: person.user.clientId, backupMethod, share: text })
      : await app(person.user, "POST", path(person, "/user-backup-share"), { backupMethod, cipherText: text });
  if (isAcknowledged(answer)) {
    person.held.add(text);
    person.current.set(place, [text]);
  } else {
    person.maybe.add(text);
    person.current.set(place, [...(person.current.get(place) ?? [null]), text]);
  }
  return `${person.user.id}: ${text}, ${answer.status}`;
}

export const imports = (records) => importOf(pick(workers), records, "", meeting()?.headers);

/** What a place of the user is called, and who sends it. */
export const shareOf = (person, kind, backupMethod, text) => ({
  ...(kind === "custodian"
    ? { type: "custodianBackupShare", share: text }
    : { type: "userBackupShare", clientId: person.user.clientId, cipherText: text }),
  userId: person.user.id,
  backupMethod,
});

/** A file with the person, a share for a place that may be free, and one of the history. */
export async function importPerson(person) {
  const former = person.user;
  const isNew = person.state === "unknown";
  if (isNew) person.user = { ...former, clientApiKey: `key-${++now.texts}-of-${former.id}` };
  const kind = pick(["custodian", "user"]);
  const backupMethod = pick(METHODS[kind]);
  const [text, old] = [1, 2].map(() => `imported ${kind} text ${++now.texts}`);
  const [storedAt, supersededAt] = ["2026-01-01T00:00:00.000Z", "2026-02-01T00:00:00.000Z"];
  const { clientId, id, clientApiKey } = person.user;
  const records = [
    ...(isNew || chance(0.5)
      ? [{ type: "user", id, clientId, ...(person.hasKeyInDoubt ? {} : { clientApiKey }) }]
      : []),
    shareOf(person, kind, backupMethod, text),
    {
      ...shareOf(person, kind, backupMethod, old),
      id: `version-${now.texts}`,
      storedAt,
      supersededAt,
      reason: "replaced",
    },
  ];
  const answer = await imports(records);
  const isDone = isAcknowledged(answer, 409);
  if (isNew) {
    await observe(person);
    if (person.state === "registered") {
      person.formerKeys.push(former.clientApiKey);
      person.current.clear();
    } else person.user = former;
  }
  const outcomes = isDone ? answer.body.results.map(({ outcome }) => outcome) : [];
  for (const [at, brought] of [text, old].entries()) {
    const outcome = outcomes.at(at - 2);
    const place = `${kind} ${backupMethod}`;
    if (outcome === "new") person.held.add(brought);
    else if (!isDone) person.maybe.add(brought);
    if (at === 0 && outcome === "new") person.current.set(place, [brought]);
    else if (at === 0 && !isDone) person.current.set(place, [...(person.current.get(place) ?? [null]), brought]);
  }
  if (isDone && !isTroubled()) {
    const expected = person.state === "registered" ? ["new", "same", "conflict"] : ["refused"];
    assert.ok(
      outcomes.every((outcome) => expected.includes(outcome)),
      `${person.state} ${answer.text}`,
    );
  }
  return `${id}: ${kind} ${backupMethod} ${text}, ${old}: ${answer.status}, ${outcomes}`;
}

/** Portal brings a share of a client that nobody has registered. */
export async function webhookRegisters(person) {
  const { clientId } = person.user;
  const backupMethod = pick(METHODS.custodian);
  const text = `custodian text ${++now.texts}`;
  const answer = await portal("/webhook/backup", { clientId, backupMethod, share: text });
  const isDone = isAcknowledged(answer);
  await observe(person);
  if (isDone) person.held.add(text);
  else person.maybe.add(text);
  if (person.state === "registered") {
    person.formerKeys.push(person.user.clientApiKey);
    person.user = { ...person.user, clientApiKey: `nobody's-${now.texts}` };
    person.hasKeyInDoubt = true;
    person.current.clear();
    person.current.set(`custodian ${backupMethod}`, isDone ? [text] : [null, text]);
  }
  return `${person.user.id}: ${text}, ${answer.status}, in home ${await homeOf(person)}`;
}

export async function hasKey(person, clientApiKey) {
  const { status } = await worker.send("GET", path(person, "/backups"), { bearer: clientApiKey });
  return status === 200;
}

Object.assign(STEPS_OF, {
  async import() {
    const person = anyone("unknown", "registered", "registered");
    return person && importPerson(person);
  },
  async webhookRegisters() {
    const person = anyone("unknown");
    return person && person.user.id === person.user.clientId ? webhookRegisters(person) : undefined;
  },
  async register() {
    const person = anyone("unknown", "unknown", "deleted");
    return person && register(person);
  },
  async store() {
    const person = anyone("registered");
    return person && store(person);
  },
  /** An operator makes a version of the history current again. */
  async restoreVersion() {
    const person = anyone("registered");
    const home = person && (await homeOf(person));
    if (home === undefined) return undefined;
    const kept = await sqlOf(home, "SELECT * FROM backup_share_versions WHERE user_id = ?", person.user.id);
    if (kept.length === 0) return undefined;
    const {
      id,
      kind,
      backup_method: backupMethod,
      client_id: clientId,
      sealed_share: sealed,
      key_id: keyId,
    } = pick(kept);
    const answer = await admin("POST", path(person, "/backups/restore"), { versionId: id, kind });
    const text = await textOf({ sealed, keyId, kind, userId: person.user.id, clientId, backupMethod });
    const place = `${kind} ${backupMethod}`;
    if (isAcknowledged(answer)) person.current.set(place, [text]);
    else person.current.set(place, [...(person.current.get(place) ?? [null]), text]);
    return `${person.user.id}: ${text}, ${answer.status}`;
  },
  async replaceKey() {
    const person = anyone("registered");
    if (!person) return undefined;
    const clientApiKey = `key-${++now.texts}-of-${person.user.id}`;
    const answer = await admin("PUT", path(person, "/client-api-key"), { clientApiKey });
    const keys = [person.user.clientApiKey, clientApiKey];
    const isNew = isAcknowledged(answer) || (await hasKey(person, clientApiKey));
    if (isNew) person.hasKeyInDoubt = false;
    person.user = { ...person.user, clientApiKey: keys[Number(isNew)] };
    person.formerKeys.push(keys[Number(!isNew)]);
    return `${person.user.id}: ${answer.status}`;
  },
  async deleteUser() {
    const person = anyone("registered");
    if (!person) return undefined;
    const answer = await admin("DELETE", path(person));
    if (isAcknowledged(answer)) person.state = "deleted";
    else await observe(person);
    return `${person.user.id}: ${answer.status}`;
  },
  async restoreUser() {
    const person = anyone("deleted");
    if (!person) return undefined;
    const answer = await admin("POST", path(person, "/restore"));
    if (isAcknowledged(answer)) person.state = "registered";
    else await observe(person);
    // Of a method without a share one of an earlier registration may come back.
    doubt(person, (place) => !person.current.has(place));
    return `${person.user.id}: ${answer.status}`;
  },
  async purge() {
    const person = anyone("registered", "deleted", "deleted");
    return person && purge(person);
  },
});
