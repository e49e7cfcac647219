// The doctor's requests: as Portal, as an app, as the operator. Each is bounded in time, follows no redirect (a secret
// is for the named host only), and what it reports is never a body, so that neither share nor secret is shown.

import { answerAdvice, networkAdvice } from "./advice.mjs";
import { Trouble } from "./trouble.mjs";

/** What Portal waits for a webhook. */
export const PORTAL_BUDGET_MS = 10_000;
const USUAL_BUDGET_MS = 20_000;

export class Caller {
  constructor({ url, place, webhookSecret, adminToken, signal }) {
    this.url = url;
    this.place = place;
    this.webhookSecret = webhookSecret;
    this.adminToken = adminToken;
    this.signal = signal;
    /** How long each webhook call took. */
    this.webhookTimes = [];
  }

  /** A webhook, as Portal sends it. */
  async asPortal(path, body, { secret = this.webhookSecret } = {}) {
    const headers = secret === null ? {} : { "x-webhook-secret": secret };
    const started = performance.now();
    try {
      return await this.#send("portal", "POST", path, { headers, body, budget: PORTAL_BUDGET_MS });
    } finally {
      // Also of one that gave no answer in time: that is the slowest.
      this.webhookTimes.push(performance.now() - started);
    }
  }

  asApp(method, path, { token, body } = {}) {
    const headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
    return this.#send("app", method, path, { headers, body });
  }

  asOperator(method, path, { token = this.adminToken, body, signal } = {}) {
    return this.#send("operator", method, path, { headers: { authorization: `Bearer ${token}` }, body, signal });
  }

  asAnyone(method, path, { signal, budget } = {}) {
    return this.#send("anyone", method, path, { signal, budget });
  }

  async #send(role, method, path, { headers = {}, body, budget = USUAL_BUDGET_MS, signal = this.signal }) {
    const timeout = AbortSignal.timeout(budget);
    const started = performance.now();
    try {
      const response = await fetch(new URL(path, this.url), {
        method,
        headers: body === undefined ? headers : { ...headers, "content-type": "application/json" },
        body: body === undefined ? undefined : JSON.stringify(body),
        redirect: "manual",
        signal: signal ? AbortSignal.any([timeout, signal]) : timeout,
      });
      const text = await response.text();
      const ms = performance.now() - started;
      return new Answer(`${method} ${route(path)}`, role, response, text, ms, this.place);
    } catch (error) {
      if (signal?.aborted) throw error;
      if (timeout.aborted) {
        const late = role === "portal" ? `Portal's ${budget / 1000} s` : `${budget / 1000} s`;
        throw new Trouble(
          `${method} ${route(path)} gave no answer within ${late}`,
          `See the database's latency in Cloudflare's dashboard and ${this.place.log}; a database far from Portal and your users answers late.`,
        );
      }
      throw new Trouble(
        `${method} ${route(path)} got no answer (${error.cause?.code ?? error.message})`,
        networkAdvice(error),
      );
    }
  }
}

/** The path without its query and with the throw-away ids taken out: what is worth reading in a report. */
const route = (path) => path.replace(/\?.*/, "").replace(/\/users\/[^/]+/, "/users/…");

class Answer {
  constructor(request, role, response, text, ms, place) {
    this.request = request;
    this.role = role;
    this.status = response.status;
    this.headers = response.headers;
    this.text = text;
    this.ms = ms;
    this.place = place;
    this.json = parse(text);
    const isProblem = response.headers.get("content-type")?.startsWith("application/problem+json");
    this.problem = isProblem ? this.json : undefined;
  }

  /** This answer, if its status is as expected (and, where given, its error code); else Trouble that says what to change. */
  expect(status, code) {
    if (this.status === status && (code === undefined || this.problem?.code === code)) return this;
    throw this.trouble(`${status}${code ? ` ${code}` : ""} was expected`);
  }

  trouble(expectation) {
    const said = [this.status, this.problem?.code].filter(Boolean).join(" ");
    const detail = this.problem?.detail ? ` «${this.problem.detail}»` : "";
    return new Trouble(`${this.request} answered ${said}${detail}; ${expectation}`, answerAdvice(this, this.place));
  }
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
