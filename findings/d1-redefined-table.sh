#!/usr/bin/env bash
# D1 and the migrations of Drizzle and Prisma: a column that becomes NOT NULL deletes the rows of other tables.
#
# drizzle-kit 0.31.11 with drizzle-orm 0.45.4, and Prisma's schema engine 7.10.0 (its wasm build), for SQLite; their files applied
# by wrangler 4.156.0 (workerd 1.20261023.1) to a local D1, and as the peer to SQLite of Node 24.21.0 itself.
# Behaviour:
# - SQLite cannot change a column, so both tools write: PRAGMA foreign_keys=OFF, make a new table, copy the rows, DROP the old
#   one, rename. In SQLite the rows that refer to the table stay.
# - D1 carries a migration out within a transaction, where that PRAGMA does nothing. The DROP deletes the table's rows first, and
#   each foreign key acts: ON DELETE CASCADE deletes every row that refers to the table, ON DELETE SET NULL sets its column to
#   NULL. `d1 migrations apply` shows a tick, and ends with 0. The changed table itself is whole.
# - Where the foreign key has no action, Drizzle's file is refused (FOREIGN KEY constraint failed) and nothing is changed;
#   Prisma's, which defers foreign keys too, goes through and keeps all. `PRAGMA defer_foreign_keys` defers no CASCADE.
#
# Who is hurt: whoever keeps users and their backup shares so, with `onDelete: Cascade`, and makes one column of the users
# required: every share of every user is gone, and the tests on SQLite were right. Read such a file before D1 gets it, count the
# rows before and after, and note the bookmark of `wrangler d1 time-travel info` first: it is the way back.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
export WRANGLER_SEND_METRICS=false CLOUDFLARE_CF_FETCH_ENABLED=false WRANGLER_LOG_PATH="$dir/logs" CI=1
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0 wrangler@4.156.0 drizzle-kit@0.31.11 drizzle-orm@0.45.4 \
  @prisma/schema-engine-wasm@7.10.0-4.0edf323efd1d98336f3f0a68684b56f689b900d3 @prisma/driver-adapter-utils@7.10.0 @prisma/adapter-libsql@7.10.0
export PATH="$dir/node_modules/.bin:$PATH"

# The same tables for both tools: users, and two tables that refer to them. In "acting" the foreign keys act, in "plain" they do not.
cat >drizzle.mjs <<'JS'
import { mkdirSync, writeFileSync } from "node:fs";
const [, , folder, kind, step] = process.argv;
const actions = kind === "acting" ? ['{ onDelete: "cascade" }', '{ onDelete: "set null" }'] : ["{}", "{}"];
const table = (name, action) => `
export const ${name} = sqliteTable("${name}", { id: text("id").primaryKey(), userId: text("user_id").references(() => users.id, ${action}) });`;
writeFileSync("schema.mjs", `import { sqliteTable, text } from "drizzle-orm/sqlite-core";
export const users = sqliteTable("users", { id: text("id").primaryKey(), clientId: text("client_id")${step === "2" ? ".notNull()" : ""} });
${table("shares", actions[0])}${table("notes", actions[1])}`);
mkdirSync(folder, { recursive: true });
writeFileSync("drizzle.config.mjs", `export default { dialect: "sqlite", schema: "./schema.mjs", out: "./${folder}" };`);
JS
cat >prisma.mjs <<'JS'
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { PrismaLibSql } from "@prisma/adapter-libsql";
import { bindMigrationAwareSqlAdapterFactory } from "@prisma/driver-adapter-utils";
const [, , folder, kind] = process.argv;
const glue = await import("@prisma/schema-engine-wasm/schema_engine_bg");
const wasm = readFileSync("node_modules/@prisma/schema-engine-wasm/schema_engine_bg.wasm");
const { instance } = await WebAssembly.instantiate(wasm, { "./schema_engine_bg.js": glue });
glue.__wbg_set_wasm(instance.exports);
instance.exports.__wbindgen_start();
const adapter = bindMigrationAwareSqlAdapterFactory(new PrismaLibSql({ url: ":memory:" }));
const engine = await glue.SchemaEngine.new({ datamodels: undefined }, () => {}, adapter);

const actions = kind === "acting" ? ["Cascade", "SetNull"] : ["NoAction", "NoAction"];
const model = (name, action) => `
model ${name} {
  id     String  @id
  userId String? @map("user_id")
  user   users?  @relation(fields: [userId], references: [id], onDelete: ${action})
}`;
const schema = (clientId) => ({
  tag: "schemaDatamodel",
  files: [{ path: "schema.prisma", content: `datasource db {
  provider = "sqlite"
}
model users {
  id       String   @id
  clientId ${clientId} @map("client_id")
  shares   shares[]
  notes    notes[]
}${model("shares", actions[0])}${model("notes", actions[1])}
` }],
});
const filters = { externalTables: [], externalEnums: [] };
const diff = async (from, to) => (await engine.diff({ from, to, script: true, exitCode: null, filters, shadowDatabaseUrl: null })).stdout;
mkdirSync(folder, { recursive: true });
writeFileSync(`${folder}/0000_first.sql`, await diff({ tag: "empty" }, schema("String?")));
writeFileSync(`${folder}/0001_second.sql`, await diff(schema("String?"), schema("String")));
process.exit(0);
JS
echo 'compatibility_date = "2026-10-23"' >wrangler.toml
for tool in drizzle prisma; do
  for kind in acting plain; do
    name=$tool-$kind
    if [ $tool = prisma ]; then node prisma.mjs $name $kind; else
      node drizzle.mjs $name $kind 1 && drizzle-kit generate --config drizzle.config.mjs --name first >out.txt 2>&1
      node drizzle.mjs $name $kind 2 && drizzle-kit generate --config drizzle.config.mjs --name second >>out.txt 2>&1
    fi
    cat >>$name/0000_first.sql <<'SQL'

INSERT INTO users (id, client_id) VALUES ('ann', 'client-1');
INSERT INTO shares (id, user_id) VALUES ('share', 'ann');
INSERT INTO notes (id, user_id) VALUES ('note', 'ann');
SQL
    printf '[[d1_databases]]\nbinding = "%s"\ndatabase_name = "%s"\ndatabase_id = "%s"\nmigrations_dir = "%s"\n' "$(echo "$name" | tr a-z- A-Z_)" $name $name $name >>wrangler.toml
  done
done
ROWS="SELECT (SELECT count(*) FROM users) || ' user, ' || (SELECT count(*) FROM shares) || ' share, ' || (SELECT count(user_id) FROM notes) || ' of ' || (SELECT count(*) FROM notes) || ' notes with its user' AS n"
peer() { ROWS=$ROWS node --no-warnings -e 'const db = new (require("node:sqlite").DatabaseSync)(":memory:"); for (const file of process.argv.slice(1)) db.exec(fs.readFileSync(file, "utf8")); console.log(db.prepare(process.env.ROWS).get().n)' "$@"; }
expect() { echo "$1: $2"; [ "$2" = "$3" ] || { echo "changed: expected $3"; exit 1; }; }

WHOLE="1 user, 1 share, 1 of 1 notes with its user"
grep -h PRAGMA drizzle-acting/0001_second.sql prisma-acting/0001_second.sql
for name in drizzle-acting drizzle-plain prisma-acting prisma-plain; do
  code=0; wrangler d1 migrations apply $name --local >out.txt 2>&1 || code=$?
  rows=$(wrangler d1 execute $name --local --json --command "$ROWS" | node -p 'JSON.parse(fs.readFileSync(0))[0].results[0].n')
  expect "$name in SQLite" "$(peer $name/0000_first.sql $name/0001_second.sql)" "$WHOLE"
  case $name in
    *-acting) expect "$name in D1" "$code: $rows" "0: 1 user, 0 share, 0 of 1 notes with its user" ;;
    prisma-plain) expect "$name in D1" "$code: $rows" "0: $WHOLE" ;;
    drizzle-plain) expect "$name in D1" "$code: $rows" "1: $WHOLE"; grep -o "FOREIGN KEY constraint failed" out.txt | head -1 ;;
  esac
done
echo "as stated: drizzle-kit 0.31.11, Prisma 7.10.0, wrangler 4.156.0, workerd 1.20261023.1"
