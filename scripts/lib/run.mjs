// Children: run to the end, quietly or aloud, without a shell wherever there is a choice.

import { spawn } from "node:child_process";

import { Failure } from "./log.mjs";
import { isWindows, root } from "./paths.mjs";

/** Who is running now: they end with us, whatever ends us. */
const running = new Set();
const endAll = () => {
  for (const child of running) child.kill();
};
const onSignal = (_signal, number) => {
  endAll();
  process.exit(128 + number);
};
function track(child) {
  if (running.size === 0) process.on("SIGTERM", onSignal).on("SIGINT", onSignal).on("exit", endAll);
  running.add(child);
  child.once("close", () => {
    running.delete(child);
    if (running.size === 0) process.off("SIGTERM", onSignal).off("SIGINT", onSignal).off("exit", endAll);
  });
}

/**
 * Runs a program to its end and resolves with `{ code, signal, stdout, stderr, output }`; never rejects for a
 * non-zero code. `show: true` hands the child our own output. stdin is closed unless given as `input`.
 */
export function run(command, args = [], { cwd = root, env = process.env, show = false, input, timeout } = {}) {
  // A .cmd or .bat file (npm on Windows) only starts through the shell.
  const shell = isWindows && /(^npm$|\.(cmd|bat)$)/i.test(command);
  return new Promise((resolve) => {
    const [program, ...words] = shell ? [command, ...args].map(forShell) : [command, ...args];
    const child = spawn(program, words, {
      cwd,
      env,
      shell,
      timeout,
      stdio: [input === undefined ? "ignore" : "pipe", show ? "inherit" : "pipe", show ? "inherit" : "pipe"],
    });
    track(child);
    const result = { code: null, signal: null, stdout: "", stderr: "", output: "" };
    const collect = (name) => (chunk) => {
      result[name] += chunk;
      result.output += chunk;
    };
    child.stdout?.setEncoding("utf8").on("data", collect("stdout"));
    child.stderr?.setEncoding("utf8").on("data", collect("stderr"));
    child.on("error", (error) => resolve({ ...result, code: 127, output: result.output + error.message }));
    child.on("close", (code, signal) => resolve({ ...result, code, signal }));
    // One that ends without reading it tells why by its code.
    child.stdin?.on("error", () => {}).end(input);
  });
}

/** A word as cmd.exe takes it for one: a path may have spaces. */
export const forShell = (word) => (/^[\w.:\\/=@-]+$/.test(word) ? word : `"${word.replaceAll('"', '""')}"`);

/** As `run`, but a non-zero end is a `Failure` that shows the last lines of what the child said. */
export async function mustRun(command, args, { failure, remedy, ...options } = {}) {
  const result = await run(command, args, options);
  if (result.code !== 0) {
    const tail = result.output.trimEnd().split("\n").slice(-25).join("\n");
    const ended = result.signal ? `was ended by ${result.signal}` : `ended with code ${result.code}`;
    throw new Failure(`${failure ?? `${command} ${args.join(" ")}`} ${ended}.${tail ? `\n${tail}` : ""}`, remedy);
  }
  return result;
}

/** The first output line of a program, or null where it is missing or fails. */
export async function ask(command, args, options) {
  const { code, stdout } = await run(command, args, options);
  return code === 0 ? stdout.trim() : null;
}
