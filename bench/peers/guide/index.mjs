// What a company gets by following Portal's guide, moved to Hono and D1: look the user up, delete the old share, insert
// the new one, each its own call. Shares lie in the clear, the app routes ask for no credential, nothing is kept.
import { Hono } from "hono";

const app = new Hono();

app.use("/webhook/*", async (c, next) => {
  if (c.req.header("x-webhook-secret") !== c.env.WEBHOOK_SECRET) return c.json({ error: "Unauthorized" }, 401);
  await next();
});

app.post("/webhook/backup", async (c) => {
  const { clientId, backupMethod = "UNKNOWN", share } = await c.req.json();
  const user = await c.env.DB.prepare("SELECT * FROM users WHERE client_id = ?").bind(clientId).first();
  if (!user) return c.json({ error: "User not found" }, 404);
  await replace(c.env.DB, "custodian_backup_shares", "share", user.id, backupMethod, share);
  return c.body(null, 204);
});

app.post("/webhook/backup/fetch", async (c) => {
  const { clientId } = await c.req.json();
  const user = await c.env.DB.prepare("SELECT * FROM users WHERE client_id = ?").bind(clientId).first();
  if (!user) return c.json({ error: "User not found" }, 404);
  const { results } = await c.env.DB.prepare("SELECT * FROM custodian_backup_shares WHERE user_id = ?")
    .bind(user.id)
    .all();
  return c.json({ backupShares: results.map((row) => row.share) });
});

app.post("/users/:userId/user-backup-share", async (c) => {
  const { backupMethod = "UNKNOWN", cipherText } = await c.req.json();
  const user = await c.env.DB.prepare("SELECT * FROM users WHERE id = ?").bind(c.req.param("userId")).first();
  if (!user) return c.json({ error: "User not found" }, 404);
  await replace(c.env.DB, "user_backup_shares", "cipher_text", user.id, backupMethod, cipherText);
  return c.json({ message: "Successfully stored client backup share" });
});

app.get("/users/:userId/user-backup-share", async (c) => {
  const user = await c.env.DB.prepare("SELECT * FROM users WHERE id = ?").bind(c.req.param("userId")).first();
  if (!user) return c.json({ error: "User not found" }, 404);
  const share = await c.env.DB.prepare("SELECT * FROM user_backup_shares WHERE user_id = ? AND backup_method = ?")
    .bind(user.id, c.req.query("backupMethod") ?? "UNKNOWN")
    .first();
  if (!share) return c.json({ error: "Backup share not found" }, 404);
  return c.json({ cipherText: share.cipher_text });
});

async function replace(db, table, column, userId, backupMethod, share) {
  await db.prepare(`DELETE FROM ${table} WHERE user_id = ? AND backup_method = ?`).bind(userId, backupMethod).run();
  await db
    .prepare(`INSERT INTO ${table} (id, user_id, backup_method, ${column}) VALUES (?, ?, ?, ?)`)
    .bind(crypto.randomUUID(), userId, backupMethod, share)
    .run();
}

export default app;
