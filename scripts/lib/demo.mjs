// A dozen made-up users in every state, with a past of 90 days: for the operators' page on this machine.

import { createHash, randomUUID } from "node:crypto";

import { seal, sealingKey } from "./seed.mjs";

const DAY = 86_400_000;
const HOUR = DAY / 24;
const MINUTE = HOUR / 60;
const CURVES = ["SECP256K1", "ED25519"];

/** Numbers that come again with every run, so that screenshots can be compared. */
function randomness() {
  let state = 20_261_127;
  return () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state / 2 ** 32;
  };
}

/** Adds the users to the local D1 in `file`, in the place of those that an earlier run added. Resolves with their ids. */
export async function seedDemo(file, keys, now = Date.now()) {
  const { DatabaseSync } = await import("node:sqlite");
  const db = new DatabaseSync(file);
  db.exec("PRAGMA busy_timeout = 5000; BEGIN IMMEDIATE");
  const demo = new Demo(db, sealingKey(keys), now);
  demo.clear();
  const ids = demo.users();
  demo.past();
  db.exec("COMMIT");
  db.close();
  return ids;
}

class Demo {
  constructor(db, key, now) {
    Object.assign(this, { db, key, now, random: randomness(), made: 0 });
  }

  run(sql, ...values) {
    this.db.prepare(sql).run(...values);
  }

  at = (ago) => new Date(this.now - ago).toISOString();

  /** A UUID v7 of that time. */
  id(ago) {
    const time = Math.floor(this.now - ago)
      .toString(16)
      .padStart(12, "0");
    return `${time.slice(0, 8)}-${time.slice(8)}-7${randomUUID().slice(15)}`;
  }

  clear() {
    const of = "user_id LIKE 'demo-%'";
    // The shares of a user go with the user, into the history.
    this.run("DELETE FROM users WHERE id LIKE 'demo-%'");
    this.run(`DELETE FROM backup_share_versions WHERE ${of}`);
    this.run("DELETE FROM deleted_users WHERE id LIKE 'demo-%'");
    this.run(`DELETE FROM audit_events WHERE ${of} OR request_id LIKE 'demo-%'`);
    this.run(`DELETE FROM approvals WHERE ${of}`);
    for (const table of ["daily_events", "daily_figures", "daily_alarms", "metric_marks"])
      this.run(`DELETE FROM ${table}`);
  }

  user(name, ago) {
    const user = { id: `demo-${name}`, clientId: `clt-${name}` };
    const hash = createHash("sha256").update(`demo-key-${name}`).digest("hex");
    this.run(
      "INSERT INTO users (id, client_id, client_api_key_hash, created_at) VALUES (?, ?, ?, ?)",
      user.id,
      user.clientId,
      hash,
      this.at(ago),
    );
    this.event(user, "register_user", "registered", ago, { actor: "admin", operator: "ann@example.com" });
    return user;
  }

  event(user, action, outcome, ago, { actor = "client", operator = null, method = null, reason = null } = {}) {
    this.run(
      `INSERT INTO audit_events (id, at, actor, action, user_id, client_id, backup_method, outcome, request_id, source_address,
         operator, reason) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      this.id(ago),
      this.at(ago),
      actor,
      action,
      user?.id ?? null,
      user?.clientId ?? null,
      method,
      outcome,
      `demo-${++this.made}`,
      actor === "portal" ? "35.203.150.117" : "203.0.113.7",
      operator,
      reason,
    );
  }

  share(user, kind, method, ago, pair) {
    const table = kind === "user" ? "user_backup_shares" : "custodian_backup_shares";
    const owner = kind === "user" ? user.id : user.clientId;
    const { sealed, digest } = seal(this.key, kind, owner, method, Buffer.from(`made up: ${method} ${this.made}`));
    const known = this.db
      .prepare(`SELECT 1 FROM ${table} WHERE user_id = ? AND backup_method = ?`)
      .get(user.id, method);
    const values = [this.id(ago), pair ?? null, this.key.id, digest, this.at(ago), sealed, user.id, method];
    if (known) {
      this.run(
        `UPDATE ${table} SET id = ?, backup_share_pair_id = ?, key_id = ?, share_digest = ?, updated_at = ?, sealed_share = ?
         WHERE user_id = ? AND backup_method = ?`,
        ...values,
      );
      // The trigger says that it was superseded now.
      this.run(
        "UPDATE backup_share_versions SET superseded_at = ? WHERE user_id = ? AND superseded_at > ?",
        this.at(ago),
        user.id,
        this.at(ago),
      );
    } else {
      this.run(
        `INSERT INTO ${table} (id, backup_share_pair_id, key_id, share_digest, updated_at, sealed_share, user_id, backup_method,
           created_at) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
        ...values,
        this.at(ago),
      );
    }
    const [actor, action] = kind === "user" ? ["client", "store_user_share"] : ["portal", "store_custodian_share"];
    this.event(user, action, "stored", ago, { actor, method });
  }

  /** A backup as Portal and the app make it; `parts` says how far it came. */
  backup(user, method, ago, { parts = "both", pairs = false } = {}) {
    const pair = pairs ? `pair-${++this.made}` : undefined;
    if (parts !== "cipher text") {
      for (const [at, curve] of CURVES.entries())
        this.share(user, "custodian", `${method}-${curve}`, ago - at * 40, pair);
    }
    if (parts !== "custodian shares") this.share(user, "user", method, ago - 4_000, pair);
  }

  users() {
    const complete = this.user("alice", 80 * DAY);
    for (const ago of [79, 40, 12]) this.backup(complete, "GDRIVE", ago * DAY, { pairs: true });
    this.backup(complete, "PASSWORD", 11 * DAY, { pairs: true });
    this.event(complete, "fetch_user_share", "fetched", 2 * DAY, { method: "GDRIVE" });

    const half = this.user("bruno", 60 * DAY);
    this.backup(half, "GDRIVE", 59 * DAY);
    this.backup(half, "PASSWORD", 58 * DAY);
    for (const ago of [57, 30]) this.backup(half, "ICLOUD", ago * DAY);
    this.backup(half, "ICLOUD", 3 * DAY, { parts: "custodian shares" });

    const lost = this.user("chen", 45 * DAY);
    this.backup(lost, "ICLOUD", 44 * DAY);
    this.backup(lost, "ICLOUD", 5 * HOUR, { parts: "custodian shares" });

    this.backup(this.user("dana", 20 * DAY), "PASSKEY", 19 * DAY, { parts: "custodian shares" });
    this.backup(this.user("emil", 33 * DAY), "GDRIVE", 32 * DAY, { parts: "cipher text" });
    this.user("fatima", 4 * HOUR);

    const deleted = this.user("goro", 70 * DAY);
    this.backup(deleted, "GDRIVE", 69 * DAY);
    this.run("DELETE FROM users WHERE id = ?", deleted.id);
    this.event(deleted, "delete_user", "deleted", MINUTE, {
      actor: "admin",
      operator: "bob@example.com",
      reason: "left the company",
    });

    const again = this.user("hanna", 66 * DAY);
    this.backup(again, "GDRIVE", 65 * DAY);
    this.run("DELETE FROM users WHERE id = ?", again.id);
    this.backup(this.user("hanna", 9 * DAY), "GDRIVE", 8 * DAY);

    const ejecting = this.user("ivan", 50 * DAY);
    this.backup(ejecting, "GDRIVE", 49 * DAY);
    const end = this.at(-30 * MINUTE);
    this.run(
      "INSERT INTO eject_windows (user_id, id, opened_at, ejectable_until) VALUES (?, ?, ?, ?)",
      ejecting.id,
      this.id(0),
      this.at(0),
      end,
    );
    this.event(ejecting, "open_eject", "opened", 0, {
      actor: "admin",
      operator: "ann@example.com",
      reason: "asked for on the phone",
    });

    const busy = this.user("judit", 85 * DAY);
    for (let week = 84; week > 0; week -= 1.5) this.backup(busy, "GDRIVE", week * DAY, { pairs: week < 40 });

    const legacy = this.user("kofi", 88 * DAY);
    this.share(legacy, "custodian", "UNKNOWN", 87 * DAY);
    this.share(legacy, "user", "UNKNOWN", 87 * DAY - 5_000);

    const mixed = this.user("lea", 25 * DAY);
    for (const method of ["GDRIVE", "PASSKEY", "PASSWORD"]) this.backup(mixed, method, 24 * DAY, { pairs: true });
    this.backup(mixed, "PASSKEY", 2 * DAY, { parts: "custodian shares", pairs: true });
    this.run(
      `INSERT INTO approvals (id, action, user_id, parameters, reason, requested_by, role_rank, requested_at, expires_at)
       VALUES (?, 'eject', ?, '{"minutes":5}', 'leaves for another wallet', 'bob@example.com', 1, ?, ?)`,
      this.id(2 * HOUR),
      mixed.id,
      this.at(2 * HOUR),
      this.at(-22 * HOUR),
    );
    this.event(mixed, "open_eject", "waiting", 2 * HOUR, {
      actor: "admin",
      operator: "bob@example.com",
      reason: "leaves for another wallet",
    });
    return this.db
      .prepare("SELECT id FROM users WHERE id LIKE 'demo-%' UNION SELECT id FROM deleted_users WHERE id LIKE 'demo-%'")
      .all()
      .map(({ id }) => id);
  }

  /** What others did: events of 90 days, counted as the schedule counts them; sizes, and an alarm. */
  past() {
    const nobody = { id: null, clientId: null };
    for (let day = 89; day >= 0; day--) {
      const weekend = [0, 6].includes(new Date(this.now - day * DAY).getUTCDay());
      const often = (times) =>
        Math.round(times * (weekend ? 0.4 : 1) * (0.7 + 0.6 * this.random()) * (1 + (89 - day) / 120));
      const spread = (times, what) => {
        for (let n = 0; n < times; n++) what(day * DAY + this.random() * HOUR);
      };
      spread(often(14), (ago) => this.event(nobody, "store_user_share", "stored", ago, { method: "GDRIVE" }));
      spread(often(3), (ago) => this.event(nobody, "fetch_user_share", "fetched", ago, { method: "GDRIVE" }));
      spread(day === 23 ? 41 : often(1), (ago) => this.event(nobody, "authenticate", "unauthorized", ago));
      this.figure(day, "database_bytes:DB", 180_000_000 + (89 - day) * 2_400_000);
      this.figure(day, "users", 9_000 + (89 - day) * 37);
    }
    const counted =
      "SELECT substr(at, 1, 10) AS day, action, outcome, count(*) AS n FROM audit_events GROUP BY 1, 2, 3";
    this.run(
      `INSERT INTO daily_events SELECT day, action, outcome, n, 0 FROM (${counted})
       UNION ALL SELECT '', action, outcome, sum(n), 0 FROM (${counted}) GROUP BY action, outcome HAVING true`,
    );
    this.run("INSERT INTO metric_marks VALUES ('from', ?), ('at', ?)", this.id(0), this.at(0));
    this.run("INSERT INTO daily_alarms VALUES (?, 'request: unavailable', 2, 'demo')", this.at(2 * DAY).slice(0, 10));
  }

  figure(day, name, value) {
    this.run("INSERT INTO daily_figures VALUES (?, ?, ?)", this.at(day * DAY).slice(0, 10), name, value);
  }
}
