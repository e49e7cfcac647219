// Who is measured: our release Worker and its peers, each as the files, settings and schema that it runs with.
import { createHash } from "node:crypto";
import { mkdtempSync, readFileSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

import { buildDir, inRoot, migrationsDir } from "../../scripts/lib/paths.mjs";

const peer = (...parts) => inRoot("bench", "peers", ...parts);
const read = (path) => readFileSync(path, "utf8");

export const SECRETS = {
  WEBHOOK_SECRET: "benchmark-webhook-secret-benchmark",
  SHARE_ENCRYPTION_KEYS: `k1:${Buffer.alloc(32, 7).toString("base64")}`,
  ADMIN_TOKEN: "benchmark-admin-token-benchmark-admin-token",
};

/** The [vars] of wrangler.toml's local environment, and its compatibility date. */
function settings() {
  const text = read(inRoot("wrangler.toml"));
  const section = text.split(/^\[vars\]$/m)[1].split(/^\[/m)[0];
  const vars = Object.fromEntries(
    [...section.matchAll(/^([A-Z_]+) = "(.*)"/gm)].map(([, name, value]) => [name, value]),
  );
  return { vars, compatibilityDate: /^compatibility_date = "(.*)"/m.exec(text)[1] };
}

export const { vars, compatibilityDate } = settings();

export const migrations = () =>
  readdirSync(migrationsDir)
    .filter((name) => name.endsWith(".sql"))
    .sort()
    .map((name) => read(join(migrationsDir, name)));

/** The user that every request of a benchmark is about, registered in our schema. */
export const USER = { id: "user-1", clientId: "client-1", apiKey: "client-api-key-of-user-1" };
const apiKeyHash = createHash("sha256").update(USER.apiKey).digest("hex");
const registered = `INSERT INTO users (id, client_id, client_api_key_hash, created_at)
  VALUES ('${USER.id}', '${USER.clientId}', '${apiKeyHash}', '2026-01-01T00:00:00.000Z')`;

export async function contenders() {
  const bundles = mkdtempSync(join(tmpdir(), "bench-peers-"));
  process.on("exit", () => rmSync(bundles, { recursive: true, force: true }));
  const bundled = async (name, entry) => {
    const outfile = join(bundles, `${name}.mjs`);
    await build({
      entryPoints: [entry],
      outfile,
      bundle: true,
      minify: true,
      format: "esm",
      target: "esnext",
      logLevel: "warning",
    });
    return [["index.mjs", outfile, "esModule"]];
  };
  const ours = {
    files: [
      ["src/entry.js", inRoot("src", "entry.js"), "esModule"],
      ["build/index.js", join(buildDir, "index.js"), "esModule"],
      ["build/release.js", join(buildDir, "release.js"), "esModule"],
      ["build/index_bg.wasm", join(buildDir, "index_bg.wasm"), "wasm"],
    ],
    bindings: { ...vars, ...SECRETS },
    schema: [...migrations(), registered],
  };
  return {
    ours: { title: "portal-backup-worker", ...ours },
    copy: { title: "the same, a second time", ...ours },
    sealed: {
      title: "Hono, equally protected",
      files: await bundled("sealed", peer("sealed", "index.mjs")),
      bindings: SECRETS,
      schema: [...migrations(), registered],
    },
    guide: {
      title: "Hono, as the guide does it",
      files: await bundled("guide", peer("guide", "index.mjs")),
      bindings: SECRETS,
      schema: [
        read(peer("guide", "schema.sql")),
        `INSERT INTO users (id, client_id) VALUES ('${USER.id}', '${USER.clientId}')`,
      ],
    },
  };
}

export const empty = { title: "an empty Worker", files: [["index.mjs", peer("empty.mjs"), "esModule"]] };

/** What the emulation costs by itself. */
export const floor = {
  title: "HTTP and one D1 call",
  files: [["index.mjs", peer("floor.mjs"), "esModule"]],
  schema: [],
};

export const gzipSize = ({ files }) => files.reduce((sum, [, path]) => sum + gzipSync(readFileSync(path)).length, 0);
