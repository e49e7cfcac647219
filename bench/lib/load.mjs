// A small closed-loop load generator: N keep-alive connections, each sends its next request when the answer is in.
// On plain sockets, so that it takes little of the machine that it shares with the Worker under test.
import { connect } from "node:net";

/** The bytes of an HTTP/1.1 request. */
export function encode({ method, path, headers = {}, body }) {
  const payload = body === undefined ? undefined : Buffer.from(body);
  const lines = [`${method} ${path} HTTP/1.1`, "Host: bench", ...Object.entries(headers).map(([k, v]) => `${k}: ${v}`)];
  if (payload) lines.push(`Content-Length: ${payload.length}`);
  const head = Buffer.from(`${lines.join("\r\n")}\r\n\r\n`);
  return payload ? Buffer.concat([head, payload]) : head;
}

/** Sends `total` requests over `connections`; `next(i, connection)` gives the bytes of the i-th. */
export async function load(port, { next, total, connections, expect }) {
  let sent = 0;
  const seconds = [];
  const wrong = new Map();
  const begin = performance.now();
  await Promise.all(
    Array.from({ length: Math.min(connections, total) }, async (_, connection) => {
      const client = await open(port);
      while (sent < total) {
        const at = performance.now();
        const status = (await client.send(next(sent++, connection))).status;
        seconds.push((performance.now() - at) / 1000);
        if (status !== expect) wrong.set(status, (wrong.get(status) ?? 0) + 1);
      }
      client.close();
    }),
  );
  const elapsed = (performance.now() - begin) / 1000;
  if (wrong.size) {
    throw new Error(`expected ${expect}, got ${[...wrong].map(([s, n]) => `${n} × ${s}`).join(", ")}`);
  }
  seconds.sort((a, b) => a - b);
  return { elapsed, perSecond: total / elapsed, medianSeconds: seconds[seconds.length >> 1] };
}

/** One keep-alive connection. `send` resolves to {status, body} once the whole answer is in. */
export async function open(port) {
  const socket = connect(port, "127.0.0.1");
  socket.setNoDelay(true);
  await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
  let waiting;
  let held = [];
  let size = 0;
  let need = 0; // bytes until another look is worth it
  socket.on("data", (chunk) => {
    held.push(chunk);
    size += chunk.length;
    if (size < need) return;
    const all = held.length === 1 ? chunk : Buffer.concat(held);
    held = [all];
    const answer = parse(all);
    if (answer.need) {
      need = answer.need;
      return;
    }
    held = [];
    size = need = 0;
    waiting.resolve(answer);
  });
  const lost = () => waiting?.reject(new Error("the Worker closed the connection"));
  socket.on("close", lost).on("error", lost);
  return {
    send(bytes) {
      return new Promise((resolve, reject) => {
        if (socket.destroyed) return reject(new Error("the Worker closed the connection while it was idle"));
        waiting = { resolve, reject };
        socket.write(bytes);
      });
    },
    close() {
      waiting = undefined;
      socket.destroy();
    },
  };
}

function parse(all) {
  const end = all.indexOf("\r\n\r\n");
  if (end < 0) return { need: all.length + 1 };
  const head = all.latin1Slice(0, end);
  const status = Number(head.slice(9, 12));
  const start = end + 4;
  if (status === 204 || status === 304) return { status, body: all.subarray(start) };
  const length = /^content-length: *(\d+)/im.exec(head);
  if (length) {
    const whole = start + Number(length[1]);
    return all.length < whole ? { need: whole } : { status, body: all.subarray(start, whole) };
  }
  const parts = [];
  for (let at = start; ; ) {
    const line = all.indexOf("\r\n", at);
    if (line < 0) return { need: all.length + 1 };
    const chunk = parseInt(all.latin1Slice(at, line), 16);
    const next = line + 2 + chunk + 2;
    if (all.length < next) return { need: next };
    if (chunk === 0) return { status, body: Buffer.concat(parts) };
    parts.push(all.subarray(line + 2, line + 2 + chunk));
    at = next;
  }
}
