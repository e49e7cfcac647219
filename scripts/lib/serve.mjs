// A local server that is a child of ours, and never outlives us.

import { spawn } from "node:child_process";
import { statSync } from "node:fs";
import { connect, createServer } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";

import { persistDir } from "./d1.mjs";
import { say } from "./log.mjs";
import { isWindows, root, wranglerCli } from "./paths.mjs";
import { ask, run } from "./run.mjs";
import { nodeBin, nodeEnv } from "./toolchain.mjs";

const HOST = "127.0.0.1";
const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];

/** Whether nobody listens on this port of 127.0.0.1, and we may. */
export async function portIsFree(port) {
  const answered = await new Promise((resolve) => {
    const socket = connect({ host: HOST, port, timeout: 1_000 });
    const end = (result) => () => {
      socket.destroy();
      resolve(result);
    };
    socket.once("connect", end(true)).once("error", end(false)).once("timeout", end(false));
  });
  if (answered) return false;
  return new Promise((resolve) => {
    const server = createServer();
    server.once("error", () => resolve(false));
    server.listen(port, HOST, () => server.close(() => resolve(true)));
  });
}

/**
 * Starts `wrangler dev` on 127.0.0.1:`port`. Resolves with `{ url, ready, ended, stop }`: `ready` resolves with true
 * once it answers (false if it ended before), `ended` with its exit code. Signals that end us end it too.
 * `output` is "inherit" or "ignore", `args` goes to wrangler, `config` is another file than wrangler.toml.
 */
export async function serveDev({ port, persistTo, config, args = [], output = "inherit" }) {
  const all = [
    "dev",
    "--env=",
    `--ip=${HOST}`,
    `--port=${port}`,
    "--inspector-port=0",
    `--persist-to=${persistDir(persistTo)}`,
    ...(config ? [`--config=${config}`] : []),
  ];
  const watch = isWindows ? [] : [`--import=${new URL("end-with-parent.mjs", import.meta.url)}`];
  const child = spawn(
    await nodeBin(),
    ["--no-warnings", ...watch, wranglerCli, ...all, "--show-interactive-dev-session=false", ...args],
    {
      cwd: root,
      env: nodeEnv({ WRANGLER_HIDE_BANNER: "true", PORTAL_BACKUP_SERVING: "1" }),
      stdio: ["ignore", output, output],
      // A process group of its own: one signal reaches wrangler, workerd and a build that is under way.
      detached: !isWindows,
    },
  );
  const ended = new Promise((resolve) => {
    child.once("error", () => resolve(1));
    child.once("close", (code) => resolve(code ?? 0));
  });
  let stopping;
  const stop = () => (stopping ??= endTree(child, ended));

  const onSignal = () => void stop();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  process.once("exit", () => signalTree(child, "SIGKILL"));
  const stopWatching = await whenOrphaned(onSignal);
  void ended.then(() => {
    stopWatching();
    for (const signal of SIGNALS) process.removeListener(signal, onSignal);
  });

  const url = `http://${HOST}:${port}`;
  return { url, ready: answers(url, ended), ended, stop, isStopped: () => stopping !== undefined, child };
}

/**
 * Serves as `serveDev`, through edits of the settings in `file`: wrangler (4.156) ends where it refuses one, and a developer who
 * is editing the file is not done yet. Then the server starts again. If the file has changed since its start, that is at once: wrangler
 * may have read it half written. Else it is as soon as the file is saved. `options()` are those of a start, `onReady(url)` is called
 * once. Resolves with the exit code when the server is ended, or does not start at all.
 */
export async function serveThroughEdits({ file, options, onReady }) {
  for (let isFirst = true; ; isFirst = false) {
    const before = savedAt(file);
    const server = await serveDev(options());
    const isReady = await server.ready;
    if (isReady && isFirst) void onReady(server.url);
    const code = await server.ended;
    if (server.isStopped() || code === 0 || (isFirst && !isReady)) return code;
    await server.stop(); // what wrangler has left behind
    if (savedAt(file) !== before) continue;
    say(`\n  wrangler has ended: its words are above. It starts again when ${file} is saved. Ctrl-C ends.\n`);
    await saved(file, before);
  }
}

const savedAt = (file) => statSync(file, { throwIfNoEntry: false })?.mtimeMs;

/** Resolves once the file is not the one that was saved then. */
async function saved(file, then) {
  const stopWatching = await whenOrphaned(() => process.exit(1));
  while (savedAt(file) === then || savedAt(file) === undefined) await sleep(200);
  stopWatching();
}

async function answers(url, ended) {
  let over = false;
  void ended.then(() => (over = true));
  while (!over) {
    try {
      await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) });
      return !over;
    } catch {
      await Promise.race([sleep(150), ended]);
    }
  }
  return false;
}

async function endTree(child, ended) {
  signalTree(child, "SIGTERM");
  const forced = setTimeout(() => signalTree(child, "SIGKILL"), 5_000);
  await ended;
  clearTimeout(forced);
  // wrangler is gone; workerd goes with it, or is made to.
  signalTree(child, "SIGKILL");
}

function signalTree(child, signal) {
  if (!child.pid) return;
  try {
    if (isWindows) void run("taskkill", ["/pid", String(child.pid), "/t", "/f"]);
    else process.kill(-child.pid, signal);
  } catch {
    // The group is empty.
  }
}

/** npm killed outright leaves us behind without a word: notice it, and end as well. */
async function whenOrphaned(then) {
  if (isWindows || !process.env.npm_lifecycle_event) return () => {};
  const npm = await npmPid();
  const timer = setInterval(() => isGone(npm) && then(), 1_000);
  timer.unref();
  return () => clearInterval(timer);
}

/** The npm that runs us: our parent, or the parent of the shell in between. */
async function npmPid() {
  const [parent, ...command] = ((await ask("ps", ["-o", "ppid=,comm=", "-p", String(process.ppid)])) ?? "").split(
    /\s+/,
  );
  return /(^|\/)(sh|dash|bash|zsh)$/.test(command.join(" ")) ? Number(parent) : process.ppid;
}

function isGone(pid) {
  try {
    process.kill(pid, 0);
    return false;
  } catch (error) {
    return error.code === "ESRCH";
  }
}
