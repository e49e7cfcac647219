// From an answer that was not expected, or none at all, to what the operator should change.

const NETWORK = {
  ENOTFOUND: "There is no such host. Check the URL; a new custom domain needs a few minutes until its DNS is known.",
  EAI_AGAIN: "The host's name could not be looked up: check the URL and this machine's network.",
  ECONNREFUSED: "Nothing listens there. Start the Worker (`npm run dev`), or check host and port.",
  ECONNRESET: "The connection was cut. Try again; if it stays so, look at what stands between here and the Worker.",
  CERT_HAS_EXPIRED: "The certificate of this host has expired.",
  DEPTH_ZERO_SELF_SIGNED_CERT:
    "The certificate is self-signed: secrets are not sent to a host that cannot prove who it is.",
  ERR_TLS_CERT_ALTNAME_INVALID: "The certificate is for another host. Check the URL.",
};

export function networkAdvice(error) {
  const code = error?.cause?.code ?? error?.code;
  return NETWORK[code] ?? "Check the URL and this machine's network.";
}

const CREDENTIAL = {
  portal: (place) =>
    `The Worker has another WEBHOOK_SECRET than the doctor. ${place.secret("WEBHOOK_SECRET", "It must be the one that Portal's dashboard shows for the webhook, also for the doctor")}`,
  operator: (place) =>
    `The Worker has another ADMIN_TOKEN than the doctor. ${place.secret("ADMIN_TOKEN", "Give the doctor the right one, or set a new one of at least 32 characters")}`,
  app: () =>
    "The Worker refused the app's credential. If CLIENT_AUTH does not hold client-api-key, tell the doctor so " +
    "(CLIENT_AUTH=jwt npm run doctor -- …); with jwt or portal also give it DOCTOR_CLIENT_TOKEN.",
};

const BY_CODE = {
  misconfigured: ({ role }, place) =>
    role === "operator"
      ? `Is ADMIN_TOKEN set (${place.secrets}), and at least 32 characters long? The Worker's log names the setting at fault: ${place.log}.`
      : `A setting is missing or malformed, and the Worker's log names it at the next request: ${place.log}. ` +
        `Most often it is SHARE_ENCRYPTION_KEYS (id:base64-of-32-bytes) or WEBHOOK_SECRET: ${place.secrets} shows which are set.`,
  unauthorized: ({ role }, place) => CREDENTIAL[role]?.(place),
  rate_limited: ({ headers }) =>
    `Too many requests from this address. Wait ${headers.get("retry-after") ?? "60"} s and run the doctor again.`,
  unavailable: (_, place) =>
    `D1 did not answer in time or is overloaded: run the doctor again in a minute. If it stays so, look at the database's metrics and at ${place.log}.`,
  internal: (_, place) => `This is a fault in the Worker: ${place.log} shows it, under the request id of this answer.`,
  not_found: (_, place) => `The Worker does not know this route: an older version is running. ${place.renew}`,
  method_not_allowed: (_, place) => `The Worker does not know this route: an older version is running. ${place.renew}`,
};

/** What to change at `place`, seeing `answer` to a request sent as its `role` (portal, app, operator, anyone). */
export function answerAdvice(answer, place) {
  if (answer.status >= 300 && answer.status < 400) {
    return `It sends us on to ${answer.headers.get("location") ?? "another place"}. Secrets are not carried along: give the doctor the final URL.`;
  }
  if (!answer.problem && answer.status >= 400) {
    return (
      "This answer is not the Worker's own. Is the URL right (only the origin, no path)? Does Cloudflare Access, a WAF rule " +
      "or bot protection stand in front? The webhook and the app routes must be reachable without a browser."
    );
  }
  const advice = BY_CODE[answer.problem?.code]?.(answer, place);
  return advice ?? `${place.log} shows what the Worker logs for this request.`;
}
