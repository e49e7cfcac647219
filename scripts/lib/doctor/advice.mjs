// From an answer that was not expected, or none at all, to what the operator should change.

const NETWORK = {
  ENOTFOUND: "There is no such host. Check the URL; a new custom domain needs a few minutes until its DNS is known.",
  EAI_AGAIN: "The host's name could not be looked up: check the URL and this machine's network.",
  ECONNREFUSED: "Nothing listens there. Start the Worker (`npm run dev`), or check host and port.",
  ECONNRESET: "The connection was cut. Try again; if it stays so, look at what stands between here and the Worker.",
  CERT_HAS_EXPIRED: "The certificate of this host has expired.",
  DEPTH_ZERO_SELF_SIGNED_CERT: "The certificate is self-signed: secrets are not sent to a host that cannot prove who it is.",
  ERR_TLS_CERT_ALTNAME_INVALID: "The certificate is for another host. Check the URL.",
};

export function networkAdvice(error) {
  const code = error?.cause?.code ?? error?.code;
  return NETWORK[code] ?? "Check the URL and this machine's network.";
}

const CREDENTIAL = {
  portal:
    "The Worker has another WEBHOOK_SECRET than the doctor. It must be the one that Portal's dashboard shows for the webhook: " +
    "`npx wrangler secret put WEBHOOK_SECRET`, then run the doctor with the same value.",
  operator:
    "The Worker has another ADMIN_TOKEN than the doctor. Give the doctor the right one, or set a new one: " +
    "`npx wrangler secret put ADMIN_TOKEN` (at least 32 characters).",
  app:
    "The Worker refused the app's credential. If CLIENT_AUTH does not hold client-api-key, tell the doctor so " +
    "(CLIENT_AUTH=jwt npm run doctor -- …); with jwt or portal also give it DOCTOR_CLIENT_TOKEN.",
};

const BY_CODE = {
  misconfigured: (role) =>
    role === "operator"
      ? "Is ADMIN_TOKEN set (`npx wrangler secret list`), and at least 32 characters long? The Worker's log names the setting at fault: `npx wrangler tail`."
      : "A setting is missing or malformed, and the Worker's log names it: `npx wrangler tail`, then send a request. " +
        "Most often it is SHARE_ENCRYPTION_KEYS (id:base64-of-32-bytes) or WEBHOOK_SECRET: `npx wrangler secret list` shows which are set.",
  unauthorized: (role) => CREDENTIAL[role],
  rate_limited: (_, answer) =>
    `Too many requests from this address. Wait ${answer.headers.get("retry-after") ?? "60"} s and run the doctor again.`,
  unavailable: () =>
    "D1 did not answer in time or is overloaded: run the doctor again in a minute. If it stays so, look at the database's metrics and at `npx wrangler tail`.",
  internal: () => "This is a fault in the Worker: `npx wrangler tail` shows it, under the request id of this answer.",
  not_found: () => "The Worker does not know this route: an older version is running. Deploy this one: `npm run deploy`.",
  method_not_allowed: () => "The Worker does not know this route: an older version is running. Deploy this one: `npm run deploy`.",
};

/** What to change, seeing `answer` to a request sent as `role` (portal, app, operator, anyone). */
export function answerAdvice(answer, role) {
  if (answer.status >= 300 && answer.status < 400) {
    return `It sends us on to ${answer.headers.get("location") ?? "another place"}. Secrets are not carried along: give the doctor the final URL.`;
  }
  if (!answer.problem && answer.status >= 400) {
    return (
      "This answer is not the Worker's own. Is the URL right (only the origin, no path)? Does Cloudflare Access, a WAF rule " +
      "or bot protection stand in front? The webhook and the app routes must be reachable without a browser."
    );
  }
  const advice = BY_CODE[answer.problem?.code]?.(role, answer);
  return advice ?? "`npx wrangler tail` shows what the Worker logs for this request.";
}
