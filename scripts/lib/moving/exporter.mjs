// Writes what the service holds into an age file: page by page, opened here, never in the clear on disk.

import { createWriteStream, existsSync } from "node:fs";
import { open as openFile, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { Failure } from "../log.mjs";
import { encrypted } from "./age.mjs";
import { describe } from "./rows.mjs";
import { open } from "./sealed.mjs";

/** Resolves with the number of records of each type, and which shares did not open. */
export async function exportAll({ api, keys, file, recipients, passphrase, progress }) {
  if (existsSync(file))
    throw new Failure(`${file} is already there.`, "A copy never replaces another. Name a new file.");
  const counts = { user: 0, custodianBackupShare: 0, userBackupShare: 0 };
  const problems = [];
  const lines = async function* () {
    let done = 0;
    for (let cursor; cursor !== null; ) {
      const page = await api.exportPage(cursor);
      for (const sealed of page.records) {
        const record = await opened(keys, sealed);
        if (record) {
          counts[record.type] += 1;
          yield Buffer.from(`${JSON.stringify(record)}\n`);
        } else
          problems.push(`${describe(sealed)}, stored ${sealed.storedAt}: does not open with the key "${sealed.keyId}"`);
      }
      cursor = page.cursor ?? null;
      progress.show((done += page.records.length));
    }
    progress.end();
  };

  const partial = `${file}.partial-${process.pid}`;
  try {
    const bytes = await encrypted(Readable.toWeb(Readable.from(lines(), { objectMode: false })), {
      recipients,
      passphrase,
    });
    await pipeline(Readable.fromWeb(bytes), createWriteStream(partial, { mode: 0o600, flags: "wx" }));
    await synced(partial);
    await rename(partial, file);
  } finally {
    await rm(partial, { force: true });
  }
  return { counts, problems };
}

/** A share record with its share in place of the sealed one; undefined if it does not open. */
async function opened(keys, { sealedShare, keyId, ...record }) {
  if (record.type === "user") return record;
  const custodian = record.type === "custodianBackupShare";
  const share = await open(keys, {
    kind: custodian ? "custodian" : "user",
    owner: custodian ? record.clientId : record.userId,
    backupMethod: record.backupMethod,
    keyId,
    sealedShare,
  });
  return share === undefined ? undefined : { ...record, [custodian ? "share" : "cipherText"]: share };
}

async function synced(file) {
  const handle = await openFile(file, "r+");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
