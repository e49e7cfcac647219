// Addresses of databases: what may be shown of them, and how they are reached.

import { readFileSync } from "node:fs";

import { Failure } from "../log.mjs";

/** Whether somebody typed an address rather than a file's name. Also one in quotes, or of a kind that we do not know. */
export const isAddress = (text) =>
  text.includes("://") || /^["'\s]*(jdbc|prisma|postgres|mysql|mariadb)[a-z+]*:/i.test(text);

/** Whether a text may be told: a connection string of any kind may hold a password. */
export const mayBeShown = (text) => !/[@=?:]/.test(text.replace(/^[a-z]:[\\/]/i, ""));

/** The scheme of an address, without a driver's name (`postgresql+psycopg2`): all that may be said of one that is not known. */
export const schemeOf = (text) => text.match(/[a-z][a-z0-9+.-]*(?=:)/i)?.[0].toLowerCase() ?? "";

/** The parts of an address; a driver's name in the scheme and quotes around it are of no matter. */
export function parsedAddress(text, example) {
  const bare = text.trim().replace(/^(["'])(.*)\1$/s, "$2");
  // Another scheme than http's takes no notice of what follows: URL then reads the host as we need it.
  if (!URL.canParse(bare)) throw new Failure("The database's URL cannot be read.", example);
  return new URL(bare);
}

const isLoopback = (host) => host === "" || host === "localhost" || host === "::1" || /^127(\.\d+){3}$/.test(host);

/** Host, port, user, password and database of an address, and whether it is on this machine. */
export function connectionParts(url, { defaultPort }) {
  const socket = url.searchParams.get("host")?.startsWith("/")
    ? url.searchParams.get("host")
    : (url.searchParams.get("socket") ?? url.searchParams.get("socketPath") ?? undefined);
  const host = socket ?? decoded(url.hostname).replace(/^\[(.*)\]$/, "$1");
  return {
    socket,
    host: host || "localhost",
    local: Boolean(socket) || isLoopback(host),
    port: Number(url.searchParams.get("port") ?? url.port) || defaultPort,
    user: decoded(url.username) || undefined,
    password: decoded(url.password) || undefined,
    database: decoded(url.pathname.slice(1)) || undefined,
  };
}

function decoded(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text; // a password may hold a bare %
  }
}

/** What is said of an address: never its user, password or query. */
export const shownAddress = (scheme, url) => `${scheme}://${url.host || "localhost"}${url.pathname}`;

/** TLS for a database elsewhere: always, and with the server's certificate checked. */
export function tlsOf(url, { local, refuse }) {
  const mode = (url.searchParams.get("sslmode") ?? url.searchParams.get("ssl-mode") ?? "").toLowerCase();
  if (!local && refuse.includes(mode)) {
    throw new Failure(
      `Shares are not read over an open connection (${mode} to ${url.hostname}).`,
      "Leave sslmode out; sslrootcert=FILE names the certificate authority if it is your own.",
    );
  }
  const authority = url.searchParams.get("sslrootcert") ?? url.searchParams.get("sslca");
  if (local && !authority) return false;
  return { rejectUnauthorized: true, ...(authority && { ca: authorityIn(authority) }) };
}

function authorityIn(file) {
  try {
    return readFileSync(file, "utf8");
  } catch ({ code }) {
    throw new Failure(
      `The certificate authority of the database's URL cannot be read (${code}).`,
      "?sslrootcert= names a file in PEM form, by its whole path.",
    );
  }
}
