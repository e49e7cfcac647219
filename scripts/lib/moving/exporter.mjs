// Writes what the service holds into an age file: page by page, opened here, never in the clear on disk.

import { closeSync, createWriteStream, existsSync, openSync, rmSync } from "node:fs";
import { open as openFile, rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

import { Failure, say } from "../log.mjs";
import { encrypted } from "./age.mjs";
import { describe } from "./rows.mjs";
import { open } from "./sealed.mjs";

/** What is counted, by the type of a record; a deletion that can still be undone is not a user. */
const KINDS = ["users", "custodianBackupShares", "userBackupShares", "deletedUsers"];

const nothing = () => ({ counts: Object.fromEntries(KINDS.map((kind) => [kind, 0])), unopened: 0 });

/**
 * Resolves with the number of records of each kind, and how many shares did not open: `tell` is called for each. `databases` has the same
 * of each database that was gone through, and what it held when the export had its last record (`there`). Whatever ends it before, nothing is left behind, unless it is killed: then what it has
 * written stands in the way of the next one, as that of one that still runs does.
 */
export async function exportAll({ api, keys, file, recipients, passphrase, progress, tell }) {
  const partial = `${file}.partial`;
  let isOurs = false;
  const all = nothing();
  const databases = [];
  let one = nothing();
  const lines = async function* () {
    let done = 0;
    for (let cursor; cursor !== null; ) {
      const page = await api.exportPage(cursor);
      for (const sealed of page.records) {
        const record = await opened(keys, sealed);
        if (record) {
          for (const { counts } of [all, one]) counts[kindOf(record)] += 1;
          yield Buffer.from(`${JSON.stringify(record)}\n`);
        } else {
          for (const of of [all, one]) of.unopened += 1;
          tell(`${describe(sealed)}, stored ${sealed.storedAt}: does not open with the key "${sealed.keyId}"`);
        }
      }
      cursor = page.cursor ?? null;
      if (page.counts) {
        databases.push({ ...one, there: page.counts });
        one = nothing();
      }
      progress.show((done += page.records.length));
    }
    progress.end();
  };

  const stop = (_signal, number) => {
    if (isOurs) rmSync(partial, { force: true });
    say("\nStopped. There is no copy, and nothing was left behind.");
    process.exit(128 + number);
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  try {
    begin(partial, file);
    isOurs = true;
    if (existsSync(file))
      throw new Failure(`${file} is already there.`, "A copy never replaces another. Name a new file.");
    const bytes = await encrypted(Readable.toWeb(Readable.from(lines(), { objectMode: false })), {
      recipients,
      passphrase,
    });
    await pipeline(Readable.fromWeb(bytes), createWriteStream(partial));
    await synced(partial);
    await rename(partial, file);
  } catch (error) {
    throw error.syscall ? unwritten(file, error) : error;
  } finally {
    if (isOurs) await rm(partial, { force: true });
    for (const signal of SIGNALS) process.off(signal, stop);
  }
  return { ...all, databases };
}

/** Takes the name that is written under, for its owner's eyes only: no other export is made of this file until it is free again. */
function begin(partial, file) {
  try {
    closeSync(openSync(partial, "wx", 0o600));
  } catch (error) {
    if (error.code !== "EEXIST") throw unwritten(file, error);
    throw new Failure(
      `${partial} is already there: another export is writing it, or one was killed.`,
      "If none runs, remove it: it is no copy.",
    );
  }
}

const unwritten = (file, { code }) =>
  new Failure(
    `${file} could not be written (${code}). There is no copy.`,
    "Is there room, and a folder that you may write to?",
  );

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

const kindOf = ({ type, deletedAt }) => (type !== "user" ? `${type}s` : deletedAt ? "deletedUsers" : "users");

/** Where the copy and a database differ: kinds with both numbers. A record that did not open is no difference. */
export function differences({ databases }) {
  return databases.flatMap(({ counts, there, unopened }) =>
    KINDS.filter((kind) => counts[kind] !== there[kind])
      .map((kind) => ({ kind, copy: counts[kind], there: there[kind] }))
      .filter(({ copy, there }) => !(copy < there && there - copy <= unopened)),
  );
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
