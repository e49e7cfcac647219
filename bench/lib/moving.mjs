// `npm run bench -- --moving`: how long an import and an export of many users take on this machine, and how much memory the
// commands need, beside `wrangler d1 execute --file` of the same rows as plain SQL. `--before=DIR` names another checkout with
// its own build, which is then measured in the same run.

import { spawn } from "node:child_process";
import { createWriteStream, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { once } from "node:events";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

import { generateIdentity, identityToRecipient } from "age-encryption";

import { root } from "../../scripts/lib/paths.mjs";
import { table } from "./figures.mjs";

const SHARE = 2048;
const AT = "2026-01-01T00:00:00.000Z";
const METHODS = [
  ["custodian_backup_shares", "share", "GDRIVE-SECP256K1"],
  ["user_backup_shares", "cipherText", "GDRIVE"],
];

/** Each checkout's import and export, and the peer. Resolves with a text for the results. */
export async function measureMoving({ users = 20_000, before, say = console.error } = {}) {
  const dir = mkdtempSync(join(tmpdir(), "pbw-moving-"));
  try {
    const { dump, sql } = await makeRows(dir, users);
    const rows = [];
    const add = (what, figures) => {
      say(`${what}: ${Object.values(figures).join(", ")}`);
      rows.push([what, figures]);
    };
    add("wrangler d1 execute --file, plain SQL", await peer(root, dir, sql));
    for (const [name, checkout] of [["this build", root], ...(before ? [["the build before", before]] : [])])
      for (const [what, figures] of await moving(checkout, dir, dump)) add(`${what}, ${name}`, figures);
    return told(users, rows);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
}

/** A dump for an import, and the same rows as SQL. */
export async function makeRows(dir, users) {
  const [dump, sql] = ["dump.ndjson", "rows.sql"].map((name) => join(dir, name));
  const [json, text] = [createWriteStream(dump), createWriteStream(sql)];
  const write = async (stream, line) => void (stream.write(`${line}\n`) || (await once(stream, "drain")));
  const numbers = Array.from({ length: users }, (_, n) => String(n).padStart(7, "0"));
  const content = (n, kind) => `${kind}-${n}-`.padEnd(SHARE, "0123456789abcdef");
  for (const n of numbers) {
    await write(json, JSON.stringify({ id: `u${n}`, clientId: `c${n}`, clientApiKey: `key-${n}` }));
    await write(text, `INSERT INTO users VALUES ('u${n}', 'c${n}', 'key-${n}', '${AT}');`);
  }
  for (const [sqlTable, field, method] of METHODS.toReversed()) {
    for (const n of numbers) {
      const share = content(n, field);
      await write(
        json,
        JSON.stringify({ id: `s${n}`, userId: `u${n}`, backupMethod: method, [field]: share, createdAt: AT }),
      );
      await write(
        text,
        `INSERT INTO ${sqlTable} (id, user_id, backup_method, key_id, created_at, updated_at, sealed_share) VALUES ('s${n}', 'u${n}', '${method}', 'k1', '${AT}', '${AT}', '${share}');`,
      );
    }
  }
  await Promise.all([json, text].map((stream) => new Promise((resolve) => stream.end(resolve))));
  return { dump, sql };
}

async function peer(checkout, dir, sql) {
  const persist = await freshDatabase(checkout, dir, "peer");
  const cli = join(checkout, "node_modules", "wrangler", "wrangler-dist", "cli.js");
  return timed([cli, "d1", "execute", "DB", "--local", "--yes", "--persist-to", persist, "--file", sql], checkout);
}

async function moving(checkout, dir, dump) {
  const persistTo = await freshDatabase(checkout, dir, `of-${rowsOf++}`);
  const { serveDev } = await from(checkout, "scripts/lib/serve.mjs");
  const port = 18_700 + rowsOf;
  const server = await serveDev({ port, persistTo, output: "ignore" });
  try {
    if (!(await server.ready)) throw new Error(`the Worker of ${checkout} did not start`);
    const url = `http://127.0.0.1:${port}`;
    const state = join(dir, `state-${rowsOf}`);
    const recipient = await identityToRecipient(await generateIdentity());
    return [
      ["import", await timed([join(checkout, "scripts/import.mjs"), dump, "--url", url, "--resume", state], checkout)],
      [
        "export",
        await timed(
          [
            join(checkout, "scripts/export.mjs"),
            join(dir, `copy-${rowsOf}.age`),
            "--url",
            url,
            "--recipient",
            recipient,
          ],
          checkout,
        ),
      ],
    ];
  } finally {
    await server.stop();
  }
}
let rowsOf = 1;

async function freshDatabase(checkout, dir, name) {
  const persistTo = join(dir, name);
  const { migrateLocal } = await from(checkout, "scripts/lib/d1.mjs");
  await migrateLocal({ persistTo });
  return persistTo;
}

const from = (checkout, file) => import(pathToFileURL(join(checkout, file)));

/** Runs a script; its time, and the most memory that its own process had. */
export async function timed(args, cwd) {
  const log = join(tmpdir(), `pbw-moving-${process.pid}.log`);
  const started = performance.now();
  const child = spawn(process.execPath, ["--no-warnings", ...args], { cwd, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr]) stream.on("data", (text) => (output += text));
  let kib = 0;
  const timer = setInterval(() => {
    try {
      kib = Number(readFileSync(`/proc/${child.pid}/status`, "utf8").match(/VmHWM:\s+(\d+)/)?.[1] ?? kib);
    } catch {
      // It has ended.
    }
  }, 100);
  const [code] = await once(child, "close");
  clearInterval(timer);
  if (code !== 0) {
    writeFileSync(log, output);
    throw new Error(`${args[0]} ended with ${code}: see ${log}`);
  }
  return { seconds: (performance.now() - started) / 1000, mib: kib / 1024 };
}

function told(users, rows) {
  const [[, peerFigures], [, mine]] = rows;
  const records = users * 3;
  const lines = rows.map(([what, { seconds, mib }]) => [
    what,
    seconds.toFixed(1),
    Math.round(records / seconds).toLocaleString("en"),
    /^import|^wrangler/.test(what) ? `${(seconds / peerFigures.seconds).toFixed(2)} ×` : "",
    /^import/.test(what) ? `${(seconds / mine.seconds).toFixed(2)} ×` : "",
    mib.toFixed(0),
  ]);
  return [
    `## Moving ${users.toLocaleString("en")} users in and out`,
    "",
    `Each with a custodian share and a cipher text of ${SHARE / 1024} KiB, into an empty local D1. An import seals, compares and audits each record;`,
    "`wrangler d1 execute --file` puts the same rows in as they are. Memory is of the command's own process.",
    "",
    table(
      ["", "seconds", "records a second", "of the peer's time", "of this build's time", "memory at most, MiB"],
      lines,
    ),
  ].join("\n");
}
