// The examination: each check says what must hold, and throws Trouble where it does not. `needs` names the checks
// without whose success it makes no sense.

import { createHash, randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";

import { PORTAL_BUDGET_MS } from "./caller.mjs";
import { gates, wrong } from "./gates.mjs";
import { Skip, Trouble } from "./trouble.mjs";
import { cipherText, custodianShare } from "./wallet.mjs";

/** As the Worker's log has it: longer is an error. */
const MAX_COPY_LAG_S = 300;
/** The copy may be a little later than the answer. */
const COPY_LOOKS = 10;
const METHOD = "GDRIVE";
const IOS_METHOD = "PASSWORD";
const CURVES = ["SECP256K1", "ED25519"];

/** Every check, in order. `context` carries what one leaves for the next. */
export const checks = [
  ...gates,
  {
    id: "users",
    title: "POST /users registers two throw-away users",
    needs: ["operators"],
    secret: "adminToken",
    async run({ caller, user, stranger, made }) {
      for (const one of [user, stranger]) {
        // Before the request: its answer may get lost.
        if (one.isOursForCertain) made.push(one);
        const { id, clientId, clientApiKey } = one;
        const answer = await caller.asOperator("POST", "/users", { body: { id, clientId, clientApiKey } });
        if (answer.status === 200 || answer.status === 409) {
          throw new Trouble(
            `the user ${id} or its client exists already, so the doctor leaves it alone`,
            "Name a test user that is not registered yet (--user-id, --client-id).",
          );
        }
        // A refusal made nothing.
        if (one.isOursForCertain && answer.status >= 400 && answer.status < 500) made.pop();
        answer.expect(201);
        if (!one.isOursForCertain) made.push(one);
        if (answer.json?.id !== id || answer.json?.clientId !== clientId)
          throw answer.trouble("the same id and clientId were expected");
      }
    },
  },
  {
    id: "webhook",
    title: "Portal backs up both curves at once, and each validating fetch reads its share back",
    needs: ["users", "webhook gate"],
    secret: "webhookSecret",
    async run(context) {
      const { state, user } = context;
      skipWhereAllowlisted(state);
      state.first = CURVES.map((curve) => custodianShare(user, curve));
      await Promise.all(
        CURVES.map(async (curve, at) => {
          await backup(context, curve, state.first[at]);
          const shares = await fetchShares(context);
          if (!shares.includes(state.first[at].share))
            throw new Trouble(`the ${curve} share just stored was not in the fetch`, lost(context.caller));
        }),
      );
      state.backedUp = true;
    },
  },
  {
    id: "bytes",
    title: "Portal's fetch returns both shares byte for byte",
    needs: ["webhook"],
    async run(context) {
      sameShares(context, await fetchShares(context), context.state.first);
    },
  },
  {
    id: "unknown client",
    title: "An unknown client is refused with 404",
    needs: ["users", "webhook gate"],
    secret: "webhookSecret",
    async run({ caller, state, unknownClient, made }) {
      skipWhereAllowlisted(state);
      const answer = await caller.asPortal("/webhook/backup/fetch", { clientId: unknownClient });
      if (answer.status === 200) {
        made.push({ id: unknownClient, clientId: unknownClient });
        return 'it is registered instead: UNKNOWN_CLIENTS = "register"';
      }
      answer.expect(404, "unknown_client");
    },
  },
  {
    id: "store",
    title: "The app stores its cipher text, in the guide's form and in iOS's",
    needs: ["users"],
    async run({ caller, state, user, token }) {
      state.cipherText = cipherText();
      state.iosCipherText = cipherText();
      const forms = [
        ["user-backup-share", { backupMethod: METHOD, cipherText: state.cipherText }],
        [
          "store-encrypted-user-backup-share",
          { backupMethod: IOS_METHOD, encryptedClientBackupShare: state.iosCipherText },
        ],
      ];
      const auth = token();
      for (const [path, body] of forms) {
        const answer = await caller.asApp("POST", `/users/${user.id}/${path}`, { token: auth, body });
        if (answer.expect(200).json?.message === undefined) throw answer.trouble("a message was expected");
      }
    },
  },
  {
    id: "recover",
    title: "The app recovers both cipher texts",
    needs: ["store"],
    async run({ caller, state, user, token }) {
      const asked = [
        [`user-backup-share?backupMethod=${METHOD}`, state.cipherText],
        [`encrypted-user-backup-shares?backupMethod=${IOS_METHOD}`, state.iosCipherText],
      ];
      for (const [path, stored] of asked) {
        const answer = (await caller.asApp("GET", `/users/${user.id}/${path}`, { token: token() })).expect(200);
        if (answer.json?.cipherText !== stored)
          throw new Trouble(`${answer.request} did not return the cipher text that was stored`, lost(caller));
        if (!/no-store/.test(answer.headers.get("cache-control") ?? "")) {
          throw new Trouble(
            "an answer with a cipher text came without Cache-Control: no-store",
            "Something in front of the Worker changes its headers: take caching rules off this host.",
          );
        }
      }
    },
  },
  {
    id: "client gate",
    title: "Another user's token is refused with 403; a wrong one, none, and an app's on the operator API with 401",
    needs: ["store"],
    async run({ caller, user, stranger, token }) {
      const path = (who) => `/users/${who.id}/user-backup-share?backupMethod=${METHOD}`;
      (await caller.asApp("GET", path(stranger), { token: token() })).expect(403, "forbidden");
      (await caller.asApp("GET", path(user), { token: wrong() })).expect(401, "unauthorized");
      (await caller.asApp("GET", path(user))).expect(401, "unauthorized");
      (await caller.asOperator("GET", `/users/${user.id}`, { token: token() })).expect(401, "unauthorized");
    },
  },
  {
    id: "state",
    title: "GET /users/…/backups shows the backup's state",
    needs: ["store"],
    async run(context) {
      const { state } = context;
      await expectState(context, state.backedUp ? "complete" : "no-custodian-share");
    },
  },
  {
    id: "second copy",
    title: "What the app stored is in the second copy, and opens there",
    needs: ["store"],
    secret: "adminToken",
    applies: async ({ caller }) => Boolean((await caller.asOperator("GET", "/admin/status")).expect(200).json?.copy),
    async run({ caller, user }) {
      const { json } = (await caller.asOperator("GET", "/admin/status")).expect(200);
      if (!json.copy) throw new Skip("there is none");
      if (json.copy.lagSeconds > MAX_COPY_LAG_S)
        throw new Trouble(
          `the second copy is ${json.copy.lagSeconds} s behind`,
          "Does the cron trigger * * * * * run, and does R2 answer? The Worker's log says why (docs/second-copy.md).",
        );
      const shard = createHash("sha256").update(user.id).digest("hex").slice(0, 8);
      // Of many databases any may have the user; each is copied into the bucket of its place.
      const homes = json.homes?.map(({ home }) => home) ?? [0];
      const check = async (home) =>
        (await caller.asOperator("POST", "/admin/rebuild", { body: { mode: "check", shard, home } })).expect(200).json;
      for (let look = 0; ; look++) {
        const found = [];
        for (const home of homes) found.push(await check(home));
        const isWell = ({ damaged, unopened, differences }) =>
          damaged.length + unopened.length + differences.length === 0;
        if (found.some(({ shares }) => shares > 0) && found.every(isWell)) return undefined;
        if (look === COPY_LOOKS)
          throw new Trouble(
            `the share just stored is not in the bucket, or not as it was stored`,
            "npm run copy -- verify tells what else is missing.",
          );
        await sleep(500);
      }
    },
  },
  {
    id: "half-finished",
    title: "A re-backup that breaks off is seen as half-finished, and Portal still gets the share it replaced",
    needs: ["bytes", "state"],
    async run(context) {
      const { state, settings, user } = context;
      state.second = CURVES.map((curve) => custodianShare(user, curve));
      await backup(context, CURVES[0], state.second[0]);
      await expectState(context, "half-finished");
      const [replaced, other] = state.first;
      const current = [state.second[0], other];
      const shares = await fetchShares(context);
      if (settings.fetchSuperseded === "never") return sameShares(context, shares, current);
      if (!shares.includes(replaced.share)) {
        throw new Trouble(
          "the share that the broken re-backup replaced is not in Portal's fetch, so the wallet could not be recovered now",
          'Set FETCH_SUPERSEDED = "half-finished" (its default). If "never" is what you want, tell the doctor: FETCH_SUPERSEDED=never npm run doctor -- …',
        );
      }
      sameShares(context, shares, [...current, replaced]);
    },
  },
  {
    id: "finished",
    title: "Once the re-backup is finished, only the new shares are fetched",
    needs: ["half-finished"],
    async run(context) {
      const { caller, state, settings, user, token } = context;
      await backup(context, CURVES[1], state.second[1]);
      const body = { backupMethod: METHOD, cipherText: cipherText() };
      (await caller.asApp("POST", `/users/${user.id}/user-backup-share`, { token: token(), body })).expect(200);
      await expectState(context, "complete");
      const shares = await fetchShares(context);
      if (settings.fetchSuperseded !== "always") return sameShares(context, shares, state.second);
      sameShares(context, shares, [...state.first, ...state.second]);
      return 'with the older ones beside them: FETCH_SUPERSEDED = "always"';
    },
  },
  {
    id: "budget",
    title: `Every webhook answered within Portal's ${PORTAL_BUDGET_MS / 1000} s`,
    needs: ["webhook gate"],
    async run({ caller }) {
      const slowest = Math.max(...caller.webhookTimes);
      // One that is broken off after the budget took the budget, give or take a timer's millisecond.
      if (Math.ceil(slowest) >= PORTAL_BUDGET_MS)
        throw new Trouble(
          `the slowest took ${(slowest / 1000).toFixed(1)} s`,
          `See ${caller.place.log} and the database's latency.`,
        );
      return `${caller.webhookTimes.length} calls, the slowest ${Math.round(slowest)} ms`;
    },
  },
];

const lost = (caller) =>
  `The Worker said that it was stored. Report this as a bug, with the request's time and its line in ${caller.place.log}; do not go live.`;

function skipWhereAllowlisted(state) {
  if (!state.allowlisted) return;
  throw new Skip(
    "PORTAL_IP_ALLOWLIST lets only Portal's addresses in, as it should in production",
    `so WEBHOOK_SECRET and the custodian shares were not tried from here. To try them, add this machine's address${state.address ? ` (${state.address})` : ""} ` +
      "to PORTAL_IP_ALLOWLIST in wrangler.toml, deploy, run the doctor, take it out again; or run the doctor against a staging environment.",
  );
}

async function backup({ caller, user }, curve, { share, backupSharePairId }) {
  const body = { clientId: user.clientId, backupMethod: `${METHOD}-${curve}`, share, backupSharePairId };
  (await caller.asPortal("/webhook/backup", body)).expect(204);
}

async function fetchShares({ caller, user }) {
  const answer = (await caller.asPortal("/webhook/backup/fetch", { clientId: user.clientId })).expect(200);
  if (!Array.isArray(answer.json?.backupShares)) throw answer.trouble('{"backupShares":[…]} was expected');
  return answer.json.backupShares;
}

function sameShares({ caller }, shares, stored) {
  const sorted = (list) => JSON.stringify([...list].sort());
  if (sorted(shares) === sorted(stored.map(({ share }) => share))) return;
  throw new Trouble(
    `Portal's fetch returned ${shares.length} shares that are not the ${stored.length} expected, byte for byte`,
    lost(caller),
  );
}

async function expectState({ caller, user, token, adminToken }, expected) {
  const path = `/users/${user.id}/backups`;
  const answer = await (adminToken ? caller.asOperator("GET", path) : caller.asApp("GET", path, { token: token() }));
  const found = answer.expect(200).json?.backups?.find(({ backupMethod }) => backupMethod === METHOD);
  if (found?.state !== expected) {
    throw new Trouble(
      `the ${METHOD} backup's state is ${found?.state ?? "not shown"}; ${expected} was expected`,
      `Report this as a bug, with the lines in ${caller.place.log}; do not go live.`,
    );
  }
}

/** A client id that nobody has. */
export const unknownClientId = () => `doctor-unknown-${randomUUID()}`;
