// Newline-delimited JSON, in the clear or inside an age file, as a source of records.

import { createReadStream } from "node:fs";
import { Readable } from "node:stream";

import { Failure } from "../log.mjs";
import { ageFailure, isAge, unlocked } from "./age.mjs";
import { firstBytes, kindOf, otherKind } from "./file-kind.mjs";
import { Refusal } from "./refusal.mjs";
import { partsOf } from "./rows.mjs";
import { sharesAsText } from "./share-text.mjs";
import { sourceOf } from "./source.mjs";
import { sqliteSource } from "./sqlite-source.mjs";

const HEAD_BYTES = 65_536;
const LINE_FEED = 0x0a;
const BYTE_ORDER_MARK = Buffer.from("\ufeff");
const TYPES = ["user", "userBackupShare", "custodianBackupShare"];

/** The records of a file, whatever it is: JSON lines, an age file of them, or a SQLite database. */
export async function fileSource(file, { userIdColumn = "id", identities = [], passphrase, without } = {}) {
  const head = await firstBytes(file, HEAD_BYTES);
  if (head.length === 0) throw new Failure(`${file} is empty.`, "Did the command that wrote it fail?");
  if (kindOf(head) === "sqlite") return sqliteSource(file, { userIdColumn, without });
  const open = isAge(head)
    ? await unlocked(head, { identities, passphrase, file })
    : async (bytes) => {
        const other = otherKind(head, file);
        if (other) throw other;
        return bytes;
      };
  const lines = async function* () {
    const bytes = createReadStream(file, { highWaterMark: 1 << 20 });
    try {
      yield* linesOf(await open(Readable.toWeb(bytes)), file);
    } catch (error) {
      throw isAge(head) ? ageFailure(error, file) : error;
    } finally {
      bytes.destroy();
    }
  };
  return sourceOf({
    name: file,
    shown: file,
    about: `file ${userIdColumn}`,
    read: reader(lines, userIdColumn),
    needsUser: userIdColumn !== "id",
  });
}

/** Reads the lines; which types each of them holds is remembered, so that none is parsed in vain the next time. */
function reader(lines, userIdColumn) {
  let held = new Uint8Array(1024);
  let last = 0;
  const mask = (types) => types.reduce((bits, type) => bits | (1 << TYPES.indexOf(type)), 0);
  const remember = (n, bits) => {
    if (n >= held.length) {
      const longer = new Uint8Array(held.length * 2);
      longer.set(held);
      held = longer;
    }
    held[n] = bits;
    last = n;
  };
  return async function* ({ types, content }) {
    const wanted = mask(types);
    let end = last;
    if (content) while (end > 0 && !(held[end] & wanted)) end -= 1;
    let n = 0;
    for await (const bytes of lines()) {
      n += 1;
      if (content && n > end) return;
      if (content && !(held[n] & wanted)) continue;
      const found = parsed(n, bytes, userIdColumn);
      if (!content) remember(n, found ? maskOf(found) : 0);
      if (found) yield { place: `line ${n}`, ...found };
    }
  };

  function maskOf({ parts, about }) {
    if (!parts) return about ? mask([about.type]) : mask(TYPES);
    const shares = parts.native ? parts.shares : parts.shares.map(({ record }) => record);
    const all = [parts.user, ...shares, ...parts.refusals.map((refusal) => refusal.about)];
    return mask(all.filter(Boolean).map(({ type }) => type));
  }
}

/** What a line holds; undefined if it is blank. */
function parsed(n, bytes, userIdColumn) {
  try {
    const text = decode(n === 1 && bytes.subarray(0, 3).equals(BYTE_ORDER_MARK) ? bytes.subarray(3) : bytes).trim();
    return text === "" ? undefined : { text, parts: partsOf(parse(sharesAsText(text)), userIdColumn) };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refused: error.message, about: error.about };
  }
}

/** Lines of bytes. Only a line feed ends one: a share may hold every other kind of line break. */
async function* linesOf(chunks) {
  let rest = [];
  for await (const chunk of chunks) {
    const bytes = Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    let from = 0;
    for (let end; (end = bytes.indexOf(LINE_FEED, from)) >= 0; from = end + 1) {
      const line = bytes.subarray(from, end);
      yield rest.length > 0 ? Buffer.concat([...rest, line]) : line;
      rest = [];
    }
    rest.push(bytes.subarray(from));
  }
  yield Buffer.concat(rest);
}

// Strict: a replacement character in the place of a broken one would be another share.
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

function decode(bytes) {
  try {
    return utf8.decode(bytes);
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
