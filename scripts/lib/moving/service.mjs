// The service that an operator's command talks to.

import { userPath } from "../paths.mjs";
import { Api, serviceUrl } from "./api.mjs";
import { secretsFor } from "./secrets.mjs";

/** The service at --url, with the operator's token from --vars or the environment. */
export function serviceOf({ url, vars }) {
  const { origin, local } = serviceUrl(url);
  const secret = secretsFor({ local, file: userPath(vars) });
  return { api: new Api({ origin, token: secret("ADMIN_TOKEN", "the operator's token of the service") }), origin };
}
