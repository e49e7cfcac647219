// The registration's protocol over three homes, in the SQL that is shipped: random schedules with lost answers, attempts that
// are carried out long after the caller gave up, and callers that vanish. SCHEDULES=1000000 for an hour of it.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { after, before, describe, it } from "node:test";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { callers } from "../support/client.mjs";
import { startWorker } from "../support/harness.mjs";

const SCHEDULES = Number(process.env.SCHEDULES ?? 5_000);
/** A weaker variant has to fail within so many. */
const WEAKER_SCHEDULES = 200_000;

const VARIANTS = {
  "no fence": { fence: "none", stamp: "none" },
  "a fence by time, without a stamp": { fence: "time", stamp: "none" },
  "a fence by the event's id, without a stamp": { fence: "event", stamp: "none" },
  "a fence by the event's id, the claim's id as the stamp": { fence: "event", stamp: "claim" },
};
const SHIPPED = { fence: "event", stamp: "directory" };

/** What a function makes of its arguments, made once. */
function once(make) {
  const made = new Map();
  return (...args) => {
    const key = args.join("\n");
    if (!made.has(key)) made.set(key, make(...args));
    return made.get(key);
  };
}
const file = once((name) => readFileSync(inRoot("src", "store", "sql", `${name}.sql`), "utf8"));
const keyOf = once((kind, value) => kind + createHash("sha256").update(value).digest("hex").slice(0, 32));
const KINDS = { client: "01", user: "02", key: "03" };
const keysOf = (r) => Object.entries(KINDS).map(([kind, byte]) => keyOf(byte, r[kind]));

function migrated(folder) {
  const db = new DatabaseSync(":memory:");
  for (const name of readdirSync(inRoot(folder)).sort()) db.exec(readFileSync(inRoot(folder, name), "utf8"));
  const prepared = new Map();
  return {
    begin: () => db.exec("BEGIN"),
    end: () => db.exec("ROLLBACK"),
    exec: (sql) => db.exec(sql),
    /** One transaction: the rows of each statement. */
    batch(statements) {
      db.exec("SAVEPOINT batch");
      try {
        const rows = statements.map(([sql, ...values]) => {
          if (!prepared.has(sql)) prepared.set(sql, db.prepare(sql));
          return prepared.get(sql).all(...values);
        });
        db.exec("RELEASE batch");
        return rows;
      } catch (error) {
        db.exec("ROLLBACK TO batch");
        db.exec("RELEASE batch");
        throw error;
      }
    },
  };
}

describe("registrations over three homes, as the shipped SQL carries them out", () => {
  let shippedRegistration;
  before(async () => {
    const worker = await startWorker({ main: inRoot("tests", "support", "counting-entry.mjs"), homes: 1 });
    after(() => worker.stop());
    const entry = await worker.entry();
    await callers(worker).admin("POST", "/users", { id: "_", clientId: "_", clientApiKey: "_" }); // its first has more to say
    await entry.taken();
    const { status } = await callers(worker).admin("POST", "/users", {
      id: "U ser",
      clientId: "C lient",
      clientApiKey: "K-ey",
    });
    assert.equal(status, 201);
    const trips = await entry.taken();
    const { sql, params } = trips.find((trip) => trip.sql.some((text) => text.includes("INTO users")));
    const [{ id: event }] = await worker.sql("SELECT id FROM audit_events WHERE user_id = 'U ser'");
    const hash = createHash("sha256").update("K-ey").digest("hex");
    const names = new Map([
      ["U ser", "user"],
      ["C lient", "client"],
      [hash, "key"],
      [event, "event"],
    ]);
    shippedRegistration = sql.map((text, at) => ({
      text,
      // Times stay as they were: within a schedule nothing depends on them but what a later request has done. The gate is open
      // for ever, so that an attempt may come as late as it likes.
      params: params[at].map((value, place) => {
        if (names.has(value)) return { name: names.get(value) };
        return text.startsWith("INSERT INTO attempts") && place > 0 ? { value: place === 1 ? 0 : 2 ** 50 } : { value };
      }),
    }));
  });

  it("never put an id into two homes, never lose one that was acknowledged, never shut one out", () => {
    const found = run(SHIPPED, { schedules: SCHEDULES, registration: shippedRegistration });
    assert.deepEqual(found.bad, { twice: 0, lost: 0, stuck: 0 });
    assert.ok(found.acknowledged > SCHEDULES, `${found.acknowledged} were acknowledged`);
    assert.ok(found.released > SCHEDULES / 100, `${found.released} routes were released`);
    assert.ok(found.late > SCHEDULES, `${found.late} attempts came late`);
  });

  for (const [name, variant] of Object.entries(VARIANTS)) {
    it(`would do one of these with ${name}`, () => {
      const found = run(variant, {
        schedules: WEAKER_SCHEDULES,
        registration: shippedRegistration,
        untilBad: true,
      });
      assert.ok(Object.values(found.bad).some((count) => count > 0));
    });
  }
});

/** Carries schedules out, each over empty databases. */
function run({ fence, stamp }, { schedules, registration, untilBad = false, seed = 1 }) {
  const random = randomNumbers(seed);
  const directory = migrated("migrations-directory");
  const homes = [0, 1, 2].map(() => migrated("migrations"));
  const all = [directory, ...homes];
  directory.exec("INSERT INTO meta (name, value) VALUES ('complete', '1')");
  directory.exec(
    "INSERT INTO homes (home, identity, state) VALUES (0, 'a', 'open'), (1, 'b', 'open'), (2, 'c', 'open')",
  );
  const ANY = "[0,1,2]";

  const claimRoutes = {
    directory: file("directory_claim_routes"),
    claim: file("directory_claim_routes").replaceAll("randomblob(8)", "CAST(?5 AS BLOB)"),
    // Made once, at the beginning: adopting leaves it.
    none: file("directory_claim_routes").replace("DO UPDATE SET stamp = randomblob(8)", "DO NOTHING"),
  }[stamp];
  const dropRoute =
    stamp === "none"
      ? file("directory_drop_route").replace("AND stamp = unhex(?3)", "AND ?3 IS NOT NULL")
      : file("directory_drop_route");
  const dropClaims =
    stamp === "none"
      ? file("directory_drop_claims").replace("AND stamp = unhex(?3)", "AND ?3 IS NOT NULL")
      : file("directory_drop_claims");
  const withoutFence = "DELETE FROM routes WHERE key = unhex(?1) AND home = ?2 AND ?3 IS NOT NULL";

  const counts = { acknowledged: 0, refused: 0, late: 0, released: 0, bad: { twice: 0, lost: 0, stuck: 0 } };
  let clock = 0;
  const eventId = () => `0190${String(++clock).padStart(8, "0")}-0000-7000-8000-000000000000`;

  // The batches.
  const claim = (r, id) => {
    const keys = JSON.stringify(keysOf(r));
    const [, , routes] = directory.batch([
      [claimRoutes, keys, ANY, 0, null, ...(stamp === "claim" ? [id] : [])],
      [file("directory_claim"), keys, ANY, id],
      [file("directory_claimed"), keys],
    ]);
    return routes;
  };
  const homeOf = (routes) => {
    const found = new Set(routes.map(({ home }) => home));
    return found.size === 1 && routes.length === 3 ? [...found][0] : undefined;
  };
  const register = (home, r, id) => {
    if (fence === "time") {
      const [later] = homes[home].batch([
        [
          "SELECT 1 FROM audit_events WHERE action = 'release' AND outcome = 'released' AND id > ? AND user_id IN (?, ?, ?)",
          id,
          r.user,
          r.client,
          r.key,
        ],
      ]);
      if (later.length > 0) return "overtaken";
    }
    const of = { ...r, event: id };
    const value = (param) => (param.name ? of[param.name] : param.value);
    try {
      homes[home].batch(registration.map(({ text, params }) => [text, ...params.map(value)]));
    } catch {
      // Carried out already, or refused by a UNIQUE: its event says what became of it.
    }
    const [[event]] = homes[home].batch([["SELECT outcome FROM audit_events WHERE id = ?", id]]);
    return event?.outcome ?? "conflict";
  };
  const release = (home, kind, value, claims) => {
    const [[{ kept }]] = homes[home].batch([[file("home_stands_behind"), kind, value]]);
    if (fence === "event") homes[home].batch([[file("home_release"), "-", 0, "r", null, kind, value, claims]]);
    else if (fence === "time" && !kept) {
      homes[home].batch([
        [
          "INSERT INTO audit_events (id, at, actor, action, user_id, outcome) VALUES (?, '', 'system', 'release', ?, 'released')",
          eventId(),
          value,
        ],
      ]);
    }
    return kept === 0;
  };
  const drop = ({ key, home, stamp: read, claims }) => {
    if (fence === "none" || fence === "time") directory.batch([[withoutFence, key, home, read]]);
    else
      directory.batch([
        [dropClaims, key, home, read, claims],
        [dropRoute, key, home, read],
      ]);
  };
  const settle = (r, id) => directory.batch([[file("directory_settle"), JSON.stringify(keysOf(r)), id]]);
  const remove = (home, r) => homes[home].batch([["DELETE FROM users WHERE id = ?", r.user]]);
  const purge = (home, r) =>
    homes[home].batch([
      ["DELETE FROM users WHERE id = ? AND client_id = ?", r.user, r.client],
      ["DELETE FROM backup_share_versions WHERE user_id = ? AND client_id = ?", r.user, r.client],
      ["DELETE FROM deleted_users WHERE id = ? AND client_id = ?", r.user, r.client],
    ]);
  const named = (r, { key }) => {
    const kind = Object.keys(KINDS).find((one) => keyOf(KINDS[one], r[one]) === key.toLowerCase());
    return [kind, r[kind]];
  };

  for (let schedule = 0; schedule < schedules; schedule++) {
    for (const db of all) db.begin();
    const pending = [];
    /** A call over the network: lost before, lost after, or carried out long after. Three attempts. */
    const call = function* (work) {
      for (let attempt = 0; attempt < 3; attempt++) {
        yield;
        const fate = random(12);
        if (fate === 0) continue;
        if (fate === 1) {
          work();
          continue;
        }
        if (fate === 2) {
          pending.push(work);
          counts.late += 1;
          continue;
        }
        return work();
      }
      throw "unavailable";
    };
    const releaseAll = function* (r, routes) {
      let any = false;
      for (const route of routes) {
        const [kind, value] = named(r, route);
        if (yield* call(() => release(route.home, kind, value, route.claims))) {
          any = true;
          counts.released += 1;
          yield* call(() => drop(route));
        }
      }
      return any;
    };
    const registering = function* (r) {
      const id = eventId();
      for (let tries = 0; tries < 4; tries++) {
        const routes = yield* call(() => claim(r, id));
        const home = homeOf(routes);
        if (home === undefined) {
          if (!(yield* releaseAll(r, routes))) return "conflict";
          continue;
        }
        if (random(10) === 0) throw "vanished";
        const outcome = yield* call(() => register(home, r, id));
        yield* call(() => settle(r, id));
        return outcome;
      }
      return "conflict";
    };
    const routesOf = (r) => directory.batch([[file("directory_claimed"), JSON.stringify(keysOf(r))]])[0];
    const removing = function* (r, erase) {
      const routes = yield* call(() => routesOf(r));
      const route = routes.find((one) => named(r, one)[0] === "user");
      if (!route) return "unknown";
      yield* call(() => (erase ? purge : remove)(route.home, r));
      if (erase) yield* releaseAll(r, routes);
      return "removed";
    };

    const people = Array.from({ length: 6 }, () => ({
      user: `u${random(3)}`,
      client: `c${random(3)}`,
      key: `k${random(4)}`,
    }));
    const removed = new Set();
    let live = people.map((r) => ({ r, steps: registering(r) }));
    if (random(3) === 0) {
      const r = people[random(people.length)];
      removed.add(r.user);
      live.push({ r, steps: removing(r, random(2) === 0) });
    }
    const acknowledged = [];
    while (live.length > 0) {
      const at = random(live.length);
      const { r, steps } = live[at];
      if (pending.length > 0 && random(4) === 0) pending.splice(random(pending.length), 1)[0]();
      try {
        const { done, value } = steps.next();
        if (!done) continue;
        if (["registered", "unchanged", "key_added"].includes(value)) {
          acknowledged.push(r);
          counts.acknowledged += 1;
        } else counts.refused += 1;
      } catch (error) {
        if (!["unavailable", "vanished"].includes(error)) throw error;
      }
      live = live.toSpliced(at, 1);
    }
    while (pending.length > 0) pending.shift()();

    // What must hold.
    const users = homes.map((home) => home.batch([["SELECT * FROM users"]])[0]);
    for (const column of ["id", "client_id", "client_api_key_hash"]) {
      const values = users.flat().map((one) => one[column]);
      counts.bad.twice += values.length - new Set(values).size;
    }
    for (const r of acknowledged) {
      if (removed.has(r.user)) continue;
      const home = homeOf(routesOf(r));
      if (!users[home]?.some((one) => one.id === r.user && one.client_id === r.client)) counts.bad.lost += 1;
    }
    const fresh = { user: "fresh", client: `c${random(3)}`, key: "fresh" };
    if (!users.flat().some((one) => one.client_id === fresh.client)) {
      let outcome;
      for (let tries = 0; tries < 3 && outcome !== "registered"; tries++) {
        const id = eventId();
        const routes = claim(fresh, id);
        const home = homeOf(routes);
        if (home !== undefined) outcome = register(home, fresh, id);
        else
          for (const route of routes) {
            if (release(route.home, ...named(fresh, route), route.claims)) drop(route);
          }
      }
      if (outcome !== "registered") counts.bad.stuck += 1;
    }
    for (const db of all) db.end();
    if (untilBad && Object.values(counts.bad).some((count) => count > 0)) break;
  }
  return counts;
}

/** Numbers below n, the same ones for the same seed. */
function randomNumbers(seed) {
  let state = seed;
  return (n) => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) % n;
  };
}
