// Answers D1's HTTP calls for the Workers under test, in a process of its own so that none of its work counts as
// theirs. Each Worker has its own address (a `desk`) here. Two ways of answering:
//
//   record  passes each call to the real database and keeps the answer; counts round trips and rows.
//   replay  answers with what was kept: the same SQL gets the same answer, at no cost worth naming.
//
// A kept answer is found by the SQL of the call's statements, which is the same text on every request.
import { createServer } from "node:net";
import { request } from "node:http";
import { setTimeout as sleep } from "node:timers/promises";

const desks = new Map();

process.on("disconnect", () => process.exit()); // the benchmark has ended, however it did
process.on("message", async ({ id, call, args }) => {
  try {
    process.send({ id, answer: await calls[call](...args) });
  } catch (error) {
    process.send({ id, error: error.message });
  }
});

const calls = {
  /** Opens an address for one Worker. */
  async open(name) {
    const desk = { scenario: "", upstream: undefined, kept: new Map(), counts: nothing() };
    desks.set(name, desk);
    const server = createServer({ noDelay: true }, (socket) => serve(socket, desk));
    await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
    return server.address().port;
  },
  /** From now on record under this scenario, against the database at `upstream`. */
  record(name, scenario, upstream) {
    Object.assign(desks.get(name), { scenario, upstream, counts: nothing() });
    const { kept } = desks.get(name);
    if (!kept.has(scenario)) kept.set(scenario, new Map());
  },
  /** From now on replay what was recorded under this scenario, each answer after `delayMs`. */
  replay(name, scenario, delayMs) {
    Object.assign(desks.get(name), { scenario, upstream: undefined, delayMs, counts: nothing() });
  },
  counts: (name) => desks.get(name).counts,
};

const nothing = () => ({ roundTrips: 0, statements: 0, rowsRead: 0, rowsWritten: 0, sql: [] });

function serve(socket, desk) {
  let held = [];
  let size = 0;
  let need = 0;
  socket.on("error", () => socket.destroy());
  socket.on("data", (chunk) => {
    held.push(chunk);
    size += chunk.length;
    if (size < need) return;
    const all = held.length === 1 ? chunk : Buffer.concat(held);
    const start = all.indexOf("\r\n\r\n") + 4;
    if (start < 4) {
      need = size + 1;
      held = [all];
      return;
    }
    const head = all.latin1Slice(0, start);
    const length = Number(/^content-length: *(\d+)/im.exec(head)[1]);
    if (size < start + length) {
      need = start + length;
      held = [all];
      return;
    }
    held = [];
    size = need = 0;
    answer(socket, desk, head, all.subarray(start, start + length));
  });
}

async function answer(socket, desk, head, body) {
  desk.counts.roundTrips++;
  const given = [JSON.parse(body.toString())].flat();
  const key = given.map(({ sql }) => sql).join(";");
  const kept = desk.kept.get(desk.scenario);
  if (!desk.upstream) {
    const bytes = kept?.get(key) ?? http(500, JSON.stringify({ success: false, error: `nothing recorded for ${key}` }));
    if (desk.delayMs) await sleep(desk.delayMs);
    socket.write(bytes);
    return;
  }
  const { status, text } = await forward(desk.upstream, head.split(" ", 2)[1], body);
  const parsed = JSON.parse(text);
  for (const [i, result] of [parsed].flat().entries()) {
    desk.counts.statements++;
    desk.counts.rowsRead += result.meta?.rows_read ?? 0;
    desk.counts.rowsWritten += result.meta?.rows_written ?? 0;
    desk.counts.sql.push({
      sql: given[i]?.sql,
      read: result.meta?.rows_read,
      written: result.meta?.rows_written,
    });
  }
  const bytes = http(status, text);
  kept.set(key, bytes);
  socket.write(bytes);
}

const http = (status, text) =>
  Buffer.from(
    `HTTP/1.1 ${status} D1\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`,
  );

const forward = (port, path, body) =>
  new Promise((resolve, reject) => {
    const call = request(
      { port, path, method: "POST", headers: { "content-type": "application/json", "content-length": body.length } },
      async (response) => {
        let text = "";
        for await (const chunk of response.setEncoding("utf8")) text += chunk;
        resolve({ status: response.statusCode, text });
      },
    );
    call.on("error", reject).end(body);
  });
