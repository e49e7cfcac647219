// The Worker's API, typed by openapi.yaml: a path, parameter or field that the contract lacks does not compile.

import type { components, paths } from "#contract";
import createClient from "openapi-fetch";

export type Schemas = components["schemas"];
export type Operator = Schemas["Operator"];
export type Role = Operator["role"];
export type Timeline = Schemas["Timeline"];
export type Version = Schemas["TimelineVersion"];
export type Backup = Schemas["Backup"];
export type User = Schemas["User"];
export type AuditEvent = Schemas["AuditEvent"];

/** A call that failed, in words for the operator. */
export class Failure extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly requestId: string | null,
  ) {
    super(message);
  }
}

/** The operator's token: in memory only, and gone with the tab. Empty: Cloudflare Access vouches for the browser. */
let token = "";
let signedOut: () => void = () => {};
const authorization = () => (token ? `Bearer ${token}` : "");

export function useToken(given: string, whenRefused: () => void): void {
  token = given;
  signedOut = whenRefused;
}

export const api = createClient<paths>({ baseUrl: location.origin, cache: "no-store", credentials: "same-origin" });
api.use({
  onRequest({ request }) {
    if (token) request.headers.set("authorization", authorization());
    return request;
  },
  onResponse({ request, response }) {
    // A late answer to another operator's credential says nothing of this one.
    if (response.status === 401 && (request.headers.get("authorization") ?? "") === authorization()) signedOut();
  },
});

interface Answer<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** What a call answered; anything but a 2xx is thrown as a [`Failure`]. */
export async function answered<T>(call: Promise<Answer<T>>): Promise<T> {
  return (await withStatus(call)).data;
}

/** As `answered`, with the status: a 202 waits for something. */
export async function withStatus<T>(call: Promise<Answer<T>>): Promise<{ data: T; status: number }> {
  const { data, error, response } = await call.catch((cause: unknown) => {
    // A 2xx that is no JSON (openapi-fetch 0.17, findings/openapi-fetch-empty-error.sh).
    const isPage = cause instanceof SyntaxError;
    const what = isPage
      ? "Something other than the Worker has answered, perhaps a sign-in page. Reload this page."
      : "The server cannot be reached. Is the network there?";
    throw new Failure(what, 0, null);
  });
  if (response.ok) return { data: data as T, status: response.status };
  const { detail } = (error ?? {}) as { detail?: string };
  throw new Failure(
    detail ?? `The server answered ${response.status}.`,
    response.status,
    response.headers.get("x-request-id"),
  );
}
