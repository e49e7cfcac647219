// The figures as Markdown tables: printed, and kept in bench/results.md.
import { execFileSync } from "node:child_process";
import { cpus, totalmem } from "node:os";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import { inRoot } from "../../scripts/lib/paths.mjs";
import { STORES } from "./footprint.mjs";
import { table } from "./figures.mjs";
import { ROUTES } from "./routes.mjs";

const require = createRequire(import.meta.url);
const version = (name) => require(`${name}/package.json`).version;
const peerVersion = (name) =>
  JSON.parse(readFileSync(inRoot("bench", "package-lock.json"), "utf8")).packages[`node_modules/${name}`].version;
const kib = (bytes) => `${bytes / 1024} KiB`;
const mib = (bytes) => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;
const micros = ({ cpu, cpuSpread }) => `${cpu.toFixed(0)} ± ${(cpuSpread * 100).toFixed(0)} %`;

export function report(figures) {
  return [...heading(figures), ...requests(figures), ...rows(figures), ...footprint(figures), ...scale(figures)].join(
    "\n",
  );
}

/** The section of a report whose heading begins so; undefined if there is none. */
export const sectionOf = (text, heading) => text.split(/^(?=## )/m).find((section) => section.startsWith(heading));

/** The report with a section at its end, instead of the one whose heading is the same but for figures. */
export function withSection(text, section) {
  const [name] = section.match(/^## [^\d\n]+/);
  const others = text.split(/^(?=## )/m).filter((other) => !other.startsWith(name));
  return `${others.join("").trimEnd()}\n\n${section.trimEnd()}\n`;
}

/** What made figures, when, of what, on what machine. */
export function origin(option) {
  const commit = execFileSync("git", ["describe", "--always", "--dirty"], { cwd: inRoot(), encoding: "utf8" }).trim();
  const [{ model }] = cpus();
  return [
    `Made by \`npm run bench${option ? ` -- ${option}` : ""}\` on ${new Date().toISOString().slice(0, 10)} at commit ${commit}: ${cpus().length} × ${model.trim()},`,
    `${(totalmem() / 1024 ** 3).toFixed(0)} GiB, ${process.platform} ${process.arch}, Node ${process.versions.node}, workerd ${version("workerd")}, Hono ${peerVersion("hono")}, Express ${peerVersion("express")}.`,
  ];
}

function heading({ quick }) {
  return [
    "# Benchmark results",
    "",
    ...origin(quick && "--quick"),
    "How it is measured, and what the peers are, is in `bench/README.md`.",
    "",
  ];
}

function requests({ requests, titles, postgres }) {
  const names = Object.keys(titles);
  const sizes = [...new Set(requests.map(({ size }) => size))];
  const ofPostgres = (route, size) => postgres?.find((row) => row.route === route && row.size === size);
  const lines = ["## CPU per request, in µs", ""];
  const header = ["share, route", ...names.map((name) => titles[name]), ...(postgres ? ["Express + Postgres¹"] : [])];
  const rows = (cell, postgresCell) =>
    sizes.flatMap((size) =>
      requests
        .filter((row) => row.size === size)
        .map(({ route, figures }) => [
          `${kib(size)}, ${ROUTES[route].title}`,
          ...names.map((name) => cell(figures[name])),
          ...(postgres ? [postgresCell(ofPostgres(route, size))] : []),
        ]),
    );
  lines.push(table(header, rows(micros, micros)), "");
  lines.push("A median, and half of the distance between the quartiles as its spread.", "");
  lines.push(
    "Ours as a part of each peer's CPU (the median of the rounds' own ratios; the second column is the noise):",
    "",
  );
  const others = names.filter((name) => name !== "ours");
  lines.push(
    table(
      ["share, route", ...others.map((name) => titles[name])],
      requests.map(({ route, size, figures }) => [
        `${kib(size)}, ${ROUTES[route].title}`,
        ...others.map((name) => `${figures[name].ratio.toFixed(2)} ×`),
      ]),
    ),
    "",
    "## Requests a second, eight at a time, one Worker on one core",
    "",
    table(
      header,
      rows(
        (figure) => figure.perSecond.toFixed(0),
        (figure) => figure.perSecond.toFixed(0),
      ),
    ),
    "",
  );
  if (postgres) {
    lines.push(
      "¹ The CPU of Node and of Postgres together, database work included: not to be held against the Workers' figures, which",
      "leave the database out, but what such a company runs.",
      "",
    );
  }
  return lines;
}

function rows({ counts, titles }) {
  const what = { first: "a first share", second: "another share", again: "the same share again" };
  const names = Object.keys(counts).filter((name) => name !== "copy");
  const cell = ({ roundTrips, rowsRead, rowsWritten }) => `${roundTrips} / ${rowsRead} / ${rowsWritten}`;
  return [
    "## Round trips to D1 / rows read / rows written, per request",
    "",
    table(
      ["", ...names.map((name) => titles[name])],
      counts.ours.map(({ route, share, again }, i) => [
        route.endsWith("etch") || route === "userGet"
          ? ROUTES[route].title
          : `${ROUTES[route].title}, ${what[again ? "again" : share]}`,
        ...names.map((name) => cell(counts[name][i])),
      ]),
    ),
    "",
    "Counted by SQLite inside workerd, as D1 bills them: a written row for the table and one for each index it is in.",
    "",
  ];
}

function footprint({ sizes, start, memory, sealing, titles }) {
  const names = Object.keys(memory);
  return [
    "## Size, start and memory",
    "",
    table(
      [
        "",
        "gzip, KiB",
        "start to first answer, ms",
        "idle",
        `${STORES.atOnce} stores of 512 KiB in flight`,
        "workerd at its highest",
      ],
      Object.keys(start).map((name) => [
        titles[name] ?? "An empty Worker",
        (sizes[name] / 1024).toFixed(1),
        start[name].toFixed(1),
        ...(names.includes(name)
          ? [memory[name].idle, memory[name].held, memory[name].process].map(mib)
          : ["", "", ""]),
      ]),
    ),
    "",
    "Idle and in flight: what the isolate holds after a collection (JavaScript, buffers, wasm). The last column is the whole process,",
    "with garbage and network buffers.",
    "",
    "Sealing (AES-256-GCM, and the keyed digest) and opening alone, CPU µs:",
    "",
    table(
      ["share", "seal", "open"],
      sealing.map((row) => [kib(row.bytes), row.seal.toFixed(1), row.open.toFixed(1)]),
    ),
    "",
  ];
}

function scale({ scale }) {
  const [least] = scale;
  return [
    "## Flat in the number of users",
    "",
    "Our Worker on a real local D1 on disk, one request after another, for users all over the table: CPU µs of Worker and database",
    "together (as a part of the first column's), the median time of a request with the disk in it, rows read / written.",
    "",
    table(
      ["", ...scale.map(({ users }) => `${users.toLocaleString("en")} users`)],
      Object.keys(ROUTES).map((route) => [
        ROUTES[route].title,
        ...scale.map(({ routes }) => {
          const { cpu, micros: time, rowsRead, rowsWritten } = routes[route];
          const part = (cpu / least.routes[route].cpu).toFixed(2);
          return `${cpu.toFixed(0)} (${part} ×), ${(time / 1000).toFixed(1)} ms, ${rowsRead.toFixed(1)} / ${rowsWritten.toFixed(1)}`;
        }),
      ]),
    ),
    "",
  ];
}
