// The first checks: whether the service is there and ready, refuses strangers, and stands on a database that is what it takes it for.

import { randomBytes } from "node:crypto";

import { Skip, Trouble } from "./trouble.mjs";

/** What Portal calls where the base URL in its dashboard ends with a slash, or a whole path does. */
const WITH_A_SLASH = ["/webhook//backup", "/webhook//backup/fetch", "/webhook/backup/", "/webhook/backup/fetch/"];
/** The database's clock dates every share: so far it may be from the Worker's, in milliseconds. */
const MAX_CLOCKS_APART_MS = 60_000;

/** A credential that nobody has. */
export const wrong = () => randomBytes(32).toString("base64url");

/** What the service warns operators of, as a note. */
async function warnings({ caller, adminToken }) {
  if (!adminToken) return undefined;
  const { json } = await caller.asOperator("GET", "/readyz");
  return json?.warnings?.length > 0 ? `warning: ${json.warnings.join(" ")}` : undefined;
}

/** In order; see checks.mjs. */
export const gates = [
  {
    id: "alive",
    title: "GET /healthz answers",
    async run({ caller }) {
      const answer = (await caller.asAnyone("GET", "/healthz")).expect(200);
      if (answer.json?.status !== "ok") throw answer.trouble('{"status":"ok"} was expected');
    },
  },
  {
    id: "ready",
    title: "GET /readyz: settings valid, schema current, database answers, keys open what is stored",
    needs: ["alive"],
    async run(context) {
      const { caller } = context;
      const answer = await caller.asAnyone("GET", "/readyz");
      if (answer.status === 200) return warnings(context);
      const trouble = answer.trouble("200 was expected");
      const said = answer.problem?.detail ?? "";
      if (/schema/.test(said)) trouble.advice = caller.place.migrate;
      if (/SHARE_ENCRYPTION_KEYS/.test(said))
        trouble.advice =
          "Find the former value of SHARE_ENCRYPTION_KEYS and set it again; a new key goes in front of it, never in its place.";
      throw trouble;
    },
  },
  {
    id: "webhook gate",
    title: "The webhook refuses a wrong secret, and none",
    needs: ["alive"],
    async run({ caller, state, unknownClient }) {
      for (const secret of [wrong(), null]) {
        const answer = await caller.asPortal("/webhook/backup/fetch", { clientId: unknownClient }, { secret });
        if (answer.status === 403 && answer.problem?.code === "forbidden") {
          state.allowlisted = true;
          return "and every address that is not Portal's (PORTAL_IP_ALLOWLIST)";
        }
        answer.expect(401, "unauthorized");
      }
    },
  },
  {
    id: "slash",
    title: "A webhook URL with a slash too many works as well",
    needs: ["webhook gate"],
    async run({ caller, state, unknownClient }) {
      for (const path of WITH_A_SLASH) {
        const answer = await caller.asPortal(path, { clientId: unknownClient }, { secret: wrong() });
        answer.expect(...(state.allowlisted ? [403, "forbidden"] : [401, "unauthorized"]));
      }
    },
  },
  {
    id: "operator gate",
    title: "The operator API refuses a wrong token",
    needs: ["alive"],
    async run({ caller }) {
      (await caller.asOperator("GET", "/users?limit=1", { token: wrong() })).expect(401, "unauthorized");
    },
  },
  {
    id: "operators",
    title: "The operator token is an admin's, and operators have the roles that somebody gave them",
    needs: ["ready"],
    secret: "adminToken",
    async run({ caller }) {
      const { json } = (await caller.asOperator("GET", "/admin/me")).expect(200);
      if (json.role !== "admin")
        throw new Trouble(
          `the token is ${json.name}'s, whose role is ${json.role}`,
          "Give the doctor ADMIN_TOKEN: it registers users and erases them.",
        );
      return json.warnings.map((warning) => `WARNING: ${warning}`).join(" ") || undefined;
    },
  },
  {
    id: "clock",
    title: "The database's clock moves while a request waits, so what was answered 503 is never carried out later",
    needs: ["operators"],
    secret: "adminToken",
    async run({ caller }) {
      const { json } = (await caller.asOperator("GET", "/admin/clock")).expect(200);
      const { moves, waitedMs, aheadMs } = json;
      if (moves === false)
        throw new Trouble(
          `the clock stood still while a request waited for ${waitedMs} ms: a request that was given up could be carried out after its 503`,
          `Report this as a bug, with this line; do not go live. Until it is mended, whoever was answered 503 must look at what is stored before trying again.`,
        );
      if (moves !== true)
        throw new Skip(
          "the database let no request wait, so its clock could not be watched",
          "Run the doctor again in a minute.",
        );
      if (Math.abs(aheadMs) > MAX_CLOCKS_APART_MS)
        throw new Trouble(
          `the database's clock is ${Math.round(aheadMs / 1000)} s ahead of the Worker's`,
          "Nothing is lost by that, but the times of shares and audit events are wrong. Tell Cloudflare, with the database's id.",
        );
      return `seen over ${waitedMs} ms; the database's clock is ${Math.abs(aheadMs)} ms ${aheadMs < 0 ? "behind" : "ahead of"} the Worker's`;
    },
  },
];
