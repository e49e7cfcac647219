// Something that stands between a client and the Worker: passes every request on, unless `meddle` answers it itself.

import { createServer } from "node:http";

/** `meddle({ method, path, body, headers, pass })` may resolve with `{ status, headers, body }`; `pass()` asks the Worker. */
export async function startProxy(worker, meddle = () => undefined) {
  const server = createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks);
    const { "content-type": type, authorization, "x-webhook-secret": secret } = request.headers;
    const headers = Object.fromEntries(
      Object.entries({ "content-type": type, authorization, "x-webhook-secret": secret }).filter(([, value]) => value),
    );
    const pass = async () => {
      const init = { method: request.method, headers, body: body.length > 0 ? body : undefined };
      const answer = await worker.fetch(request.url, init);
      return { status: answer.status, headers: Object.fromEntries(answer.headers), body: await answer.text() };
    };
    const answer =
      (await meddle({ method: request.method, path: request.url, body: body.toString(), headers, pass })) ??
      (await pass());
    // A client that has gone wants no answer.
    if (response.destroyed) return;
    const { "content-length": _length, "content-encoding": _encoding, ...kept } = answer.headers ?? {};
    response.writeHead(answer.status, kept).end(answer.body);
  });
  await new Promise((listening) => server.listen(0, "127.0.0.1", listening));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    stop: () => new Promise((stopped) => server.close(stopped).closeAllConnections()),
  };
}
