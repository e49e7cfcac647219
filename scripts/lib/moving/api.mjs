// The two bulk routes of the operator API, as the command line calls them.

import { setTimeout as sleep } from "node:timers/promises";

import { Failure, note } from "../log.mjs";

const TIMEOUT_MS = 60_000;
const ATTEMPTS = 8;

/** The connection could not even be made: an address that is misspelt does not mend itself. */
const NOBODY_THERE =
  /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|UND_ERR_CONNECT_TIMEOUT|ERR_TLS_.*|.*CERT.*)$/;

const isLoopback = (host) => host === "localhost" || host === "[::1]" || /^127(\.\d+){3}$/.test(host);

/** The service's address. Shares and secrets travel over TLS, or do not leave this machine. */
export function serviceUrl(text) {
  if (!text) throw new Failure("Say where the service is: --url https://backup.example.com");
  if (!text.includes("://") || !URL.canParse(text))
    throw new Failure(
      "--url takes a whole address, with https:// before it.",
      "For example: --url https://backup.example.com",
    );
  const url = new URL(text);
  const local = isLoopback(url.hostname);
  if (url.protocol !== "https:" && !(url.protocol === "http:" && local)) {
    throw new Failure(
      `Shares and secrets are not sent to ${url.protocol}//${url.host}: it is not encrypted on the way.`,
      "Use https://, or http:// with 127.0.0.1 or localhost.",
    );
  }
  if (url.username || url.password)
    throw new Failure("The address must not hold a password.", "The operator's token goes into ADMIN_TOKEN.");
  return { origin: url.origin, local };
}

export class Api {
  #origin;
  #token;
  #wait;
  #fetch;
  #answered = false;

  constructor({ origin, token, wait = sleep, fetch = globalThis.fetch }) {
    this.#origin = origin;
    this.#token = token;
    this.#wait = wait;
    this.#fetch = fetch;
  }

  get origin() {
    return this.#origin;
  }

  /** Fails at once if nobody is there, or the credential is not good: before a large source is read in vain. */
  async check() {
    await this.import([]);
  }

  /** Sends lines of records; resolves with one result for each. Sending the same again changes nothing. */
  async import(lines, options = {}) {
    const query = new URLSearchParams(Object.entries(options).filter(([, set]) => set));
    const { results } = await this.#call(`/admin/import${query.size > 0 ? `?${query}` : ""}`, {
      method: "POST",
      headers: { "content-type": "application/x-ndjson" },
      body: lines.join("\n"),
    });
    if (!Array.isArray(results) || results.length !== lines.length)
      throw new Failure(
        "The service answered for another number of lines than it was sent.",
        "Is it of the same version as this command?",
      );
    return results;
  }

  /** How much there is: `{ users, shares }`. */
  status() {
    return this.#call("/admin/status", {});
  }

  /** One page of sealed records, and the cursor of the next one; the last has the database's own `counts`. */
  exportPage(cursor) {
    return this.#call(`/admin/export${cursor ? `?cursor=${encodeURIComponent(cursor)}` : ""}`, {});
  }

  /** Sends an object to an operator's route; resolves with its answer. */
  post(path, body) {
    return this.#call(path, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(body),
    });
  }

  /** Another of the operators' routes; the body is sent as JSON. */
  send(method, path, body) {
    const json = { headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
    return this.#call(path, { method, ...(body === undefined ? {} : json) });
  }

  async #call(path, init) {
    for (let attempt = 1; ; attempt += 1) {
      const { answer, after, trouble } = await this.#once(path, init);
      if (answer) return answer;
      if (attempt === ATTEMPTS)
        throw new Failure(
          `${trouble}, ${ATTEMPTS} times in a row.`,
          "Run the same command again. What the service has acknowledged is safe.",
        );
      const seconds = Math.min(Math.max(after, 2 ** (attempt - 1)), 30);
      note(`${trouble}; trying again in ${seconds} s`);
      await this.#wait(seconds * 1000);
    }
  }

  /** One attempt: an answer, or what went wrong for now. What will not mend itself is thrown. */
  async #once(path, init) {
    let response;
    let body;
    try {
      response = await this.#fetch(this.#origin + path, {
        ...init,
        headers: { ...init.headers, authorization: `Bearer ${this.#token}` },
        redirect: "error", // the token and the shares go to no other place
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      body = await response.json().catch(() => undefined);
      this.#answered = true;
    } catch (error) {
      const reason = error.cause?.code ?? error.cause?.message ?? error.name;
      if (!this.#answered && (NOBODY_THERE.test(reason) || reason === "bad port"))
        throw new Failure(`Nobody answers at ${this.#origin} (${reason}).`, "Is --url the address of the service?");
      return { after: 0, trouble: `${this.#origin} gave no answer (${reason})` };
    }
    if (response.ok && body) return { answer: body };
    const told = `${this.#origin}${path.split("?")[0]} answered ${response.status}${body?.code ? ` ${body.code}` : ""}`;
    const passing = response.status === 429 || (response.status >= 500 && body?.code !== "misconfigured");
    if (passing || response.ok) return { after: Number(response.headers.get("retry-after")) || 0, trouble: told };
    const remedy = response.status === 401 ? "Is ADMIN_TOKEN the one of this service?" : undefined;
    const failure = new Failure(`${told}${body?.detail ? `: ${body.detail}` : ""}`, remedy);
    throw Object.assign(failure, { status: response.status });
  }
}
