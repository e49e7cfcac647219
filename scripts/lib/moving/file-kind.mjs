// What a file is, by its first bytes: those that can be read, and those that are told what to do with in one sentence.

import { open as openFile, stat } from "node:fs/promises";

import { Failure } from "../log.mjs";

const ascii = (bytes, length = bytes.length) => bytes.toString("latin1", 0, Math.min(length, bytes.length));

const DUMP_REMEDY = (command) =>
  `Restore it into an empty database on this machine and import from there: createdb moving && ${command}, then SOURCE_URL=postgres:///moving npm run import -- …`;

const KEEPS_NUMBERS = "Use jq 1.7 or newer: jq 1.6 rounds the numbers in a share that is a JSON object.";

const DUMP_LINES = "Dump the tables as one JSON object a line: docs/moving.md has the commands for each database.";

/** The kinds that are no lines of JSON: how each begins, its name, and what to do. */
const KINDS = [
  { is: (head) => ascii(head, 16) === "SQLite format 3\0", kind: "sqlite" },
  {
    is: (head) => ascii(head, 5) === "PGDMP",
    name: "a Postgres dump (pg_dump, custom format)",
    remedy: (file) => DUMP_REMEDY(`pg_restore --no-owner -d moving ${file}`),
  },
  {
    is: (head) => /^(--|\\restrict|SET |\s)*[\s\S]*?-- PostgreSQL database dump/.test(ascii(head, 4096)),
    name: "a Postgres dump (pg_dump, SQL text)",
    remedy: (file) => DUMP_REMEDY(`psql -q -d moving -f ${file}`),
  },
  {
    is: (head) => /^(\/\*M?!|-- (MySQL|MariaDB) dump)/.test(ascii(head, 64)),
    name: "a MySQL or MariaDB dump (mysqldump)",
    remedy: (file) =>
      `Restore it into an empty database on this machine and import from there: mariadb -e 'CREATE DATABASE moving' && mariadb moving < ${file}, then SOURCE_URL=mysql://user:…@localhost/moving npm run import -- …`,
  },
  {
    is: (head) => /^(\s|--[^\n]*\n)*(PRAGMA|BEGIN|CREATE|INSERT|COPY|SET|DROP)\s/i.test(ascii(head, 4096)),
    name: "SQL text",
    remedy: () =>
      "Load it into a database of its kind, and import from that, or from its rows as JSON lines (docs/moving.md).",
  },
  {
    is: (head) =>
      (head[0] === 0xff && head[1] === 0xfe) ||
      (head[0] === 0xfe && head[1] === 0xff) ||
      (head[0] === 0x7b && head[1] === 0),
    name: "text in UTF-16",
    remedy: (file) => `It must be UTF-8: iconv -f UTF-16 -t UTF-8 ${file} > FILE.ndjson`,
  },
  {
    is: (head) => head[0] === 0x1f && head[1] === 0x8b,
    name: "compressed (gzip)",
    remedy: (file) => `Unpack it: gunzip --keep ${file}`,
  },
  {
    is: (head) => ascii(head, 2) === "PK",
    name: "a ZIP archive",
    remedy: () => "Unpack it, and import what is in it.",
  },
  {
    is: (head) => ascii(head, 4) === "\x28\xb5\x2f\xfd",
    name: "compressed (zstd)",
    remedy: (file) => `Unpack it: zstd -d ${file}`,
  },
  {
    is: (head) => /^(\ufeff|\xef\xbb\xbf)?\s*\[/.test(ascii(head, 64)),
    name: "one JSON array, not a JSON object on each line",
    remedy: () => `jq -c '.[]' FILE > FILE.ndjson makes it one. ${KEEPS_NUMBERS}`,
  },
  {
    is: (head) => /^(\xef\xbb\xbf)?\s*\{\s*\r?\n\s*"/.test(ascii(head, 256)),
    name: "JSON spread over several lines, not a JSON object on each line",
    remedy: () => `jq -c . FILE > FILE.ndjson makes it one. ${KEEPS_NUMBERS}`,
  },
  {
    is: isCsv,
    name: "CSV",
    remedy: () => DUMP_LINES,
  },
  {
    is: (head) => !/^(\xef\xbb\xbf)?[^\S\n]*\{/m.test(ascii(head)),
    name: "no lines of JSON",
    remedy: () => DUMP_LINES,
  },
];

/** A first line of column names that we know, with commas, semicolons or tabs between them. */
function isCsv(head) {
  const [line] = ascii(head, 4096)
    .replace(/^\xef\xbb\xbf/, "")
    .split(/\r?\n/);
  const names = line.split(/[,;\t]/).map((name) => name.replaceAll(/["'_ ]/g, "").toLowerCase());
  return (
    names.length > 1 &&
    ["userid", "clientid", "ciphertext", "share", "backupmethod"].some((name) => names.includes(name))
  );
}

const found = (head) => KINDS.find(({ is }) => is(head));

export const kindOf = (head) => found(head)?.kind;

/** A Failure for a file that is not read, in one sentence; undefined for what may be lines of JSON. */
export function otherKind(head, file) {
  const kind = found(head);
  return kind && new Failure(`${file} is ${kind.name}.`, kind.remedy(file));
}

export async function firstBytes(file, count) {
  const info = await stat(file).catch(() => undefined);
  if (!info?.isFile()) throw new Failure(info ? `${file} is no file.` : `There is no file ${file}.`);
  const handle = await openFile(file);
  try {
    const { buffer, bytesRead } = await handle.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}
