// Whom the doctor examines and with what: the URL, the secrets, and those settings of the Worker that change what is right.

import { readDevVars } from "../dev-vars.mjs";
import { Failure } from "../log.mjs";
import { varsOf } from "../moving/secrets.mjs";

const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\]|.+\.localhost)$/;

/** The Worker's origin. Secrets go over plain http to this machine only. */
export function parseTarget(text) {
  let url;
  try {
    url = new URL(text);
  } catch {
    const shown = /^[\w./-]*$/.test(text) ? `“${text}”` : "This"; // anything else may hold a password
    throw new Failure(`${shown} is not a URL.`, "Give the Worker's origin, such as https://backup.example.com");
  }
  if (url.protocol !== "https:" && url.protocol !== "http:") {
    throw new Failure(
      `The doctor speaks http and https, not ${url.protocol}`,
      "Give the Worker's origin, such as https://backup.example.com",
    );
  }
  if (url.username || url.password) {
    throw new Failure("The URL holds a user name or password.", "Leave it out: the secrets come from the environment.");
  }
  const loopback = LOOPBACK.test(url.hostname);
  if (url.protocol === "http:" && !loopback) {
    throw new Failure(
      `The doctor sends no secrets to ${url.origin}: plain http can be read on the way.`,
      `Use https://${url.host}${url.port ? " (with the port of its https)" : ""}.`,
    );
  }
  return { url: new URL(url.origin), loopback };
}

/** NAME=value lines, which win over the environment where the file was named: of the file that was named, for a Worker on this machine else of .dev.vars. */
const linesOf = ({ file, loopback, devVars }) => (file ? varsOf(file) : loopback ? devVars() : {});

/** The secrets: a file that was named says them first, then the environment. */
export function readSecrets({ loopback, file, env = process.env, devVars = readDevVars }) {
  const local = linesOf({ file, loopback, devVars });
  const read = (name) => (file && local[name]) || env[name] || local[name] || undefined;
  return {
    webhookSecret: read("WEBHOOK_SECRET"),
    adminToken: read("ADMIN_TOKEN"),
    clientToken: read("DOCTOR_CLIENT_TOKEN"),
  };
}

/** The settings that the Worker runs with where they are not the defaults, by the names they have there. */
export function readSettings({ loopback = false, file, env = process.env, devVars = readDevVars } = {}) {
  const local = linesOf({ file, loopback, devVars });
  return settingsOf((name) => (file && local[name]) || env[name] || local[name]);
}

/** The settings that change what is right, as `read` finds them by their names; lists as the Worker reads them. */
export const settingsOf = (read) => ({
  clientAuth: String(read("CLIENT_AUTH") || "client-api-key")
    .split(",")
    .map((name) => name.trim()),
  fetchSuperseded: read("FETCH_SUPERSEDED") || "half-finished",
});
