// The floor of the emulation: HTTP, one body read, one call of D1's client, an answer. No routes, no checks, no sealing.
export default {
  async fetch(request, env) {
    if (request.body) await request.text();
    await env.DB.batch([env.DB.prepare("SELECT 1")]);
    return request.url.endsWith("/webhook/backup") ? new Response(null, { status: 204 }) : Response.json({});
  },
};
