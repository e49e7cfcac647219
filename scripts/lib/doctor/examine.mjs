// Runs the checks one after the other, and clears up behind them whatever happens.

import { Caller } from "./caller.mjs";
import { checks, unknownClientId } from "./checks.mjs";
import { clearUp } from "./clear-up.mjs";
import { placeOf } from "./place.mjs";
import { Skip, Trouble } from "./trouble.mjs";
import { throwAwayUser } from "./wallet.mjs";

const SECRET_NAMES = { webhookSecret: "WEBHOOK_SECRET", adminToken: "ADMIN_TOKEN" };

/**
 * Examines the Worker at `url`, which runs in `place`; `report` hears of each check as it ends. Resolves with
 * `{ ok, aborted, checks }`, where a check is `{ id, title, status: "ok" | "failed" | "skipped", ms, note?, advice?, lacks? }`
 * and `lacks` the id of the check that failed or was skipped first.
 */
export async function examine({
  url,
  place = placeOf(),
  secrets,
  settings,
  ids = {},
  signal = new AbortController().signal,
  report = () => {},
}) {
  const caller = new Caller({ url, place, ...secrets, signal });
  const user = throwAwayUser(ids);
  const context = {
    caller,
    settings,
    user,
    stranger: throwAwayUser(),
    unknownClient: unknownClientId(),
    adminToken: secrets.adminToken,
    token: () => appToken(secrets, settings, user),
    made: [],
    state: {},
  };
  const results = [];
  const record = ({ advice, ...seen }) => {
    const result = { ...seen, advice: place.advised(advice) };
    results.push(result);
    report(result);
  };

  for (const check of checks) {
    if (signal.aborted) break;
    if (check.id === "webhook" && context.state.allowlisted) context.state.address = await ownAddress(caller);
    const missing = missingBefore(check, results, secrets);
    if (!(await applies(check, context, missing))) continue;
    const result = missing ?? (await timed(check, () => check.run(context)));
    if (!signal.aborted) record(result);
  }
  if (context.made.length > 0) {
    record(await timed({ id: "clear up", title: "The doctor takes away what it made" }, () => clearUp(context)));
  }
  return {
    ok: !signal.aborted && results.every(({ status }) => status !== "failed"),
    aborted: signal.aborted,
    checks: results,
  };
}

/** Whether there is anything to check: some checks are about what a service may be without. Where that cannot be seen, the check says so. */
async function applies(check, context, missing) {
  if (check.applies === undefined) return true;
  if (missing) return false;
  return check.applies(context).catch(() => true);
}

function missingBefore({ id, title, needs = [], secret }, results, secrets) {
  const of = (wanted) => results.find((result) => result.id === wanted);
  const lacking = needs.map(of).find(({ status }) => status !== "ok");
  if (lacking !== undefined) {
    const first = of(lacking.lacks) ?? lacking;
    return { id, title, status: "skipped", ms: 0, note: `needs the check “${first.title}”`, lacks: first.id };
  }
  if (secret && !secrets[secret]) {
    return { id, title, status: "skipped", ms: 0, note: `${SECRET_NAMES[secret]} was not given` };
  }
  return undefined;
}

async function timed({ id, title }, work) {
  const started = performance.now();
  const result = (status, more) => ({ id, title, status, ms: Math.round(performance.now() - started), ...more });
  try {
    const note = await work();
    return result("ok", { note });
  } catch (error) {
    if (error instanceof Skip) return result("skipped", { note: error.message, advice: error.advice });
    if (error instanceof Trouble) return result("failed", { note: error.message, advice: error.advice });
    return result("failed", { note: `the doctor itself failed: ${error.message}` });
  }
}

/** The token that the app sends: the client API key just registered, or for other CLIENT_AUTHs the one that was given. */
function appToken({ clientToken }, { clientAuth }, user) {
  if (clientToken) return clientToken;
  if (clientAuth.includes("client-api-key")) return user.clientApiKey;
  throw new Skip(
    `CLIENT_AUTH = "${clientAuth.join(",")}" takes tokens that the doctor cannot make`,
    "give it one of a test user in DOCTOR_CLIENT_TOKEN, with --user-id (jwt: the id in the token) or --client-id (portal: the client's id); that user must not be registered yet.",
  );
}

/** This machine's address as Cloudflare sees it; hosts behind Cloudflare tell it under this path. */
async function ownAddress(caller) {
  try {
    const answer = await caller.asAnyone("GET", "/cdn-cgi/trace", { budget: 3_000 });
    return answer.status === 200 ? answer.text.match(/^ip=(\S+)$/m)?.[1] : undefined;
  } catch {
    return undefined;
  }
}
