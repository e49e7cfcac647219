// Starts a Worker in raw workerd (no wrangler, no Miniflare: their proxies cost more than the Worker does) and reads
// what the process has used.
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";

const BINARY = join(dirname(createRequire(import.meta.url).resolve("workerd/package.json")), "bin/workerd");
const quoted = JSON.stringify; // a JSON string is a valid Cap'n Proto text literal

const LIMITER = fileURLToPath(new URL("limiter.mjs", import.meta.url));
/** The rate limiting bindings of wrangler.toml: every Worker has them, and calls those that it is made to call. */
const LIMITERS = ["AUTH_FAILURE_LIMITER", "APP_LIMITER", "WEBHOOK_LIMITER"];

const running = new Set();
process.on("exit", () => {
  for (const child of running) child.kill("SIGKILL");
});

/**
 * What `startWorker` takes:
 * - `files`: [[module name, path, "esModule" | "wasm"]], the entry first
 * - `bindings`: {NAME: text}
 * - `d1`: address of the server that answers D1's HTTP calls, bound as `DB` through workerd's own D1 client; or {BINDING: address}
 * - `objects`: {className, dir}: a SQLite-backed Durable Object, for the database process
 * - `inspect`: also listen for an inspector
 * - `under`: a command, with its options, that runs workerd
 */
export async function startWorker({ files, bindings = {}, d1, objects, compatibilityDate, inspect, under = [] }) {
  const dir = mkdtempSync(join(tmpdir(), "bench-workerd-"));
  const config = join(dir, "config.capnp");
  const services = [`(name = "main", worker = .worker)`];
  const bound = Object.entries(bindings).map(([name, text]) => `(name = ${quoted(name)}, text = ${quoted(text)})`);
  for (const [name, address] of Object.entries(typeof d1 === "string" ? { DB: d1 } : (d1 ?? {}))) {
    services.push(`(name = ${quoted(`d1 ${name}`)}, external = (address = ${quoted(address)}, http = ()))`);
    bound.push(
      `(name = ${quoted(name)}, wrapped = (moduleName = "cloudflare-internal:d1-api",
         innerBindings = [(name = "fetcher", service = ${quoted(`d1 ${name}`)})]))`,
    );
  }
  const limiter = "bench-internal:limiter";
  for (const name of LIMITERS)
    bound.push(`(name = ${quoted(name)}, wrapped = (moduleName = ${quoted(limiter)}, innerBindings = []))`);
  if (objects) {
    services.push(`(name = "disk", disk = (path = ${quoted(objects.dir)}, writable = true))`);
    bound.push(`(name = "OBJECT", durableObjectNamespace = ${quoted(objects.className)})`);
  }
  // To Cap'n Proto a path that begins with a slash is one of its own includes, so the files are named relatively.
  const embedded = (path) => quoted(relative(dir, path).replaceAll("\\", "/"));
  const modules = files.map(([name, path, kind]) => `(name = ${quoted(name)}, ${kind} = embed ${embedded(path)})`);
  writeFileSync(
    config,
    `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [${services.join(", ")}],
  sockets = [(name = "http", address = "127.0.0.1:0", service = "main")],
  extensions = [(modules = [(name = ${quoted(limiter)}, esModule = embed ${embedded(LIMITER)}, internal = true)])],
);
const worker :Workerd.Worker = (
  modules = [${modules.join(", ")}],
  compatibilityDate = ${quoted(compatibilityDate)},
  bindings = [${bound.join(",\n    ")}],
  ${
    objects
      ? `durableObjectNamespaces = [(className = ${quoted(objects.className)}, uniqueKey = "bench", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),`
      : ""
  }
);
`,
  );
  // Encoded first: read as text, the embedded files alone, were they random bytes, would cost 2 to 4 ms of the start.
  const encoded = join(dir, "config.bin");
  writeFileSync(encoded, execFileSync(BINARY, ["compile", "--config-only", config], { maxBuffer: 64 * 1024 * 1024 }));
  const started = performance.now();
  const options = [
    "--experimental",
    "--binary",
    "--control-fd=3",
    ...(inspect ? ["--inspector-addr=127.0.0.1:0"] : []),
  ];
  const [command, ...args] = [...under, BINARY, "serve", ...options, encoded];
  const child = spawn(command, args, { stdio: ["ignore", "ignore", "pipe", "pipe"] });
  running.add(child);
  child.once("exit", () => running.delete(child));
  let complaints = "";
  child.stderr.on("data", (text) => (complaints = (complaints + text).slice(-4000)));
  const ports = await new Promise((resolve, reject) => {
    let text = "";
    child.stdio[3].on("data", (chunk) => {
      text += chunk;
      const told = text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line));
      const portOf = (event) => told.find((line) => line.event === event)?.port;
      if (portOf("listen")) resolve({ port: portOf("listen"), inspectorPort: portOf("listen-inspector") });
    });
    child.once("exit", (code) => reject(new Error(`workerd ended with ${code}: ${complaints}`)));
  });
  return {
    ...ports,
    pid: child.pid,
    started,
    complaints: () => complaints,
    cpuMicros: () => cpuMicros(child.pid),
    memory: () => memory(child.pid),
    async stop() {
      if (child.exitCode === null && child.signalCode === null) {
        const ended = new Promise((resolve) => child.once("exit", resolve));
        child.kill("SIGKILL"); // nothing that it holds is needed any more
        await ended;
      }
      rmSync(dir, { recursive: true, force: true });
    },
  };
}

/** Microseconds on a CPU, summed over the process's threads: the first field of each thread's schedstat. */
export function cpuMicros(pid) {
  let nanos = 0;
  for (const thread of readdirSync(`/proc/${pid}/task`)) {
    nanos += Number(readFileSync(`/proc/${pid}/task/${thread}/schedstat`, "utf8").split(" ")[0]);
  }
  return nanos / 1000;
}

/** Resident memory now and at its highest, in bytes. */
export function memory(pid) {
  const status = readFileSync(`/proc/${pid}/status`, "utf8");
  const kib = (name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, "m").exec(status)[1]) * 1024;
  return { now: kib("VmRSS"), peak: kib("VmHWM") };
}
