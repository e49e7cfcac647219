// What a company gets by following Portal's guide as it stands: Express, and Postgres behind it. Shares lie in the
// clear, the app routes ask for no credential, nothing is kept.
import express from "express";
import pg from "pg";

const db = new pg.Pool({ max: 8 }); // where Postgres is comes from PGHOST and its like
const app = express();
app.use(express.json({ limit: "1mb" }));

app.use("/webhook", (req, res, next) => {
  if (req.get("x-webhook-secret") !== process.env.WEBHOOK_SECRET)
    return res.status(401).json({ error: "Unauthorized" });
  next();
});

app.post("/webhook/backup", async (req, res) => {
  const { clientId, backupMethod = "UNKNOWN", share } = req.body;
  const user = await first("SELECT * FROM users WHERE client_id = $1", [clientId]);
  if (!user) return res.status(404).json({ error: "User not found" });
  await replace("custodian_backup_shares", "share", user.id, backupMethod, share);
  res.status(204).end();
});

app.post("/webhook/backup/fetch", async (req, res) => {
  const user = await first("SELECT * FROM users WHERE client_id = $1", [req.body.clientId]);
  if (!user) return res.status(404).json({ error: "User not found" });
  const { rows } = await db.query("SELECT * FROM custodian_backup_shares WHERE user_id = $1", [user.id]);
  res.json({ backupShares: rows.map((row) => row.share) });
});

app.post("/users/:userId/user-backup-share", async (req, res) => {
  const { backupMethod = "UNKNOWN", cipherText } = req.body;
  const user = await first("SELECT * FROM users WHERE id = $1", [req.params.userId]);
  if (!user) return res.status(404).json({ error: "User not found" });
  await replace("user_backup_shares", "cipher_text", user.id, backupMethod, cipherText);
  res.json({ message: "Successfully stored client backup share" });
});

app.get("/users/:userId/user-backup-share", async (req, res) => {
  const user = await first("SELECT * FROM users WHERE id = $1", [req.params.userId]);
  if (!user) return res.status(404).json({ error: "User not found" });
  const share = await first("SELECT * FROM user_backup_shares WHERE user_id = $1 AND backup_method = $2", [
    user.id,
    req.query.backupMethod ?? "UNKNOWN",
  ]);
  if (!share) return res.status(404).json({ error: "Backup share not found" });
  res.json({ cipherText: share.cipher_text });
});

const first = async (sql, values) => (await db.query(sql, values)).rows[0];

async function replace(table, column, userId, backupMethod, share) {
  await db.query(`DELETE FROM ${table} WHERE user_id = $1 AND backup_method = $2`, [userId, backupMethod]);
  await db.query(`INSERT INTO ${table} (user_id, backup_method, ${column}) VALUES ($1, $2, $3)`, [
    userId,
    backupMethod,
    share,
  ]);
}

const server = app.listen(0, "127.0.0.1", () => process.send(server.address().port));
