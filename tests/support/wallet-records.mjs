// A wallet's user as an export has it, and the import of that.

import assert from "node:assert/strict";

import { open, openingKeys } from "../../scripts/lib/moving/sealed.mjs";
import { importOf } from "./bulk.mjs";

/**
 * The records of one user; `keys` is a SHARE_ENCRYPTION_KEYS that opens the shares. A damaged row is left out: where its share came again
 * while the method had none, that one was stored beside it.
 */
export async function exported({ admin }, user, keys) {
  const opening = await openingKeys(keys);
  const records = [];
  for (let cursor = ""; cursor !== undefined; ) {
    const { status, body, text } = await admin("GET", `/admin/export${cursor && `?cursor=${cursor}`}`);
    // Somebody has moved to another database meanwhile: from the beginning.
    if (status === 409) return exported({ admin }, user, keys);
    assert.equal(status, 200, text);
    for (const { keyId, sealedShare, ...record } of body.records) {
      if ((record.userId ?? record.id) !== user.id) continue;
      if (record.type === "user") records.push(record);
      else records.push(...(await opened(opening, record, { keyId, sealedShare })));
    }
    cursor = body.cursor ?? undefined;
  }
  return records;
}

async function opened(keys, record, sealed) {
  const { userId, clientId, backupMethod } = record;
  const place =
    record.type === "userBackupShare" ? { kind: "user", owner: userId } : { kind: "custodian", owner: clientId };
  const share = await open(keys, { ...place, backupMethod, ...sealed });
  return share === undefined ? [] : [{ ...record, [place.kind === "user" ? "cipherText" : "share"]: share }];
}

/** Imports records, in pages of a random size; each is new, or there already. */
export async function bring(worker, records, { pick }, query) {
  for (let at = 0; at < records.length; ) {
    const page = records.slice(at, (at += pick([1, 5, 50, 150])));
    const { status, body, text } = await importOf(worker, page, query);
    assert.equal(status, 200, text);
    for (const [index, result] of body.results.entries())
      assert.match(result.outcome, /^(new|same)$/, `${JSON.stringify(result)}: ${JSON.stringify(page[index])}`);
  }
}
