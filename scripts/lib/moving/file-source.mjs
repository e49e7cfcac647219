// Newline-delimited JSON, in the clear or inside an age file, as a source of records.
//
// The file is read four times, each time as a stream: once to learn which rows there are and which of several shares is
// the newest, once for the users, and once for each kind of their shares. A dump may so hold its tables in any order, and a
// custodian share without a time comes after the cipher texts that it belongs to.

import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { open as openFile, stat } from "node:fs/promises";
import { Readable } from "node:stream";

import { Failure } from "../log.mjs";
import { isAge, unlocked } from "./age.mjs";
import { Generations, Refusal, partsOf } from "./rows.mjs";

const PHASES = ["user", "userBackupShare", "custodianBackupShare"];
const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.from("\ufeff");

export async function fileSource(file, { userIdColumn = "id", identities = [], passphrase } = {}) {
  const info = await stat(file).catch(() => undefined);
  if (!info?.isFile()) throw new Failure(`There is no file ${file}.`);
  const head = await firstBytes(file, 65_536);
  if (/^\s*\[/.test(head.toString("latin1", 0, 64))) {
    throw new Failure(
      `${file} is one JSON array, not a JSON object on each line.`,
      "jq -c '.[]' FILE > FILE.ndjson makes it one.",
    );
  }
  const open = isAge(head) ? await unlocked(head, { identities, passphrase, file }) : (bytes) => bytes;
  const lines = async function* () {
    yield* linesOf(await open(Readable.toWeb(createReadStream(file))));
  };

  const generations = new Generations();
  const users = new Map();
  let total = 0;
  for await (const { parts } of parsed(lines, userIdColumn)) {
    if (!parts) total += 1;
    else {
      total += parts.shares.length + (parts.user ? 1 : 0);
      if (parts.rowId) users.set(parts.rowId, { userId: parts.user.id, clientId: parts.user.clientId });
      if (!parts.native) for (const share of parts.shares) generations.add(share);
    }
  }

  return {
    name: file,
    fingerprint: `file ${info.size} ${createHash("sha256").update(head).digest("hex")} ${userIdColumn}`,
    total,
    records: (after) => records({ lines, userIdColumn, generations, users }, after),
    close: async () => {},
  };
}

/** Each record with its place in the file; `after` is the position of the last one that is done. */
async function* records({ lines, userIdColumn, generations, users }, after) {
  for (const [phase, type] of PHASES.entries()) {
    if (after && after.phase > phase) continue;
    for await (const { line, text, parts, refused } of parsed(lines, userIdColumn)) {
      const items = refused
        ? refusedIn(type, refused)
        : itemsOf(type, { text, parts, generations, users, userIdColumn });
      for (const [index, item] of items.entries()) {
        const position = { phase, line, index };
        if (!isDone(position, after)) yield { place: `line ${line}`, position, ...item };
      }
    }
  }
}

const isDone = (position, after) =>
  after !== undefined &&
  after !== null &&
  (position.phase < after.phase ||
    (position.phase === after.phase &&
      (position.line < after.line || (position.line === after.line && position.index <= after.index))));

// A line that cannot be read is told once, with the users.
const refusedIn = (type, refused) => (type === "user" ? [{ refused }] : []);

function itemsOf(type, { text, parts, generations, users, userIdColumn }) {
  if (type === "user" && !parts.native) return parts.user ? [itemOf(parts.user)] : [];
  // A record of ours goes out as the very text that it came as: parsed and written again, a number could lose digits.
  if (parts.native)
    return [parts.user, ...parts.shares]
      .filter((record) => record?.type === type)
      .map((record) => itemOf(record, text));
  const shares = parts.shares.filter(({ record }) => record.type === type);
  return shares.map((share) => {
    const record = generations.place(share);
    // With the client id the service can tell a user of another company's database from one of ours with the same id.
    const user = users.get(record.userId);
    if (user) return itemOf({ ...record, ...user });
    return userIdColumn === "id"
      ? itemOf(record)
      : { record, refused: `there is no row of User with the id ${record.userId}` };
  });
}

const itemOf = (record, text = JSON.stringify(record)) => ({ record, text });

/** Lines of bytes. Only a line feed ends one: a share may hold every other kind of line break. */
async function* linesOf(chunks) {
  let rest = [];
  for await (const chunk of chunks) {
    let from = 0;
    for (let end; (end = chunk.indexOf(LINE_FEED, from)) >= 0; from = end + 1) {
      yield Buffer.concat([...rest, chunk.subarray(from, end)]);
      rest = [];
    }
    rest.push(chunk.subarray(from));
  }
  yield Buffer.concat(rest);
}

async function* parsed(lines, userIdColumn) {
  let line = 0;
  for await (const bytes of lines()) {
    line += 1;
    try {
      const text = decode(
        line === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes,
      ).trim();
      if (text !== "") yield { line, text, parts: partsOf(parse(text), userIdColumn) };
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      yield { line, refused: error.message };
    }
  }
}

function decode(bytes) {
  try {
    // Strict: a replacement character in the place of a broken one would be another share.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new Refusal("not valid UTF-8");
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message quotes what it read, which may be a share.
    throw new Refusal("not valid JSON");
  }
}

async function firstBytes(file, count) {
  const handle = await openFile(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
