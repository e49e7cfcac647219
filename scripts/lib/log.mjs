// What the scripts say: one line for each step that does something, nothing for a step that is already done.

const tty = process.stderr.isTTY && !process.env.NO_COLOR;
const paint = (code, text) => (tty ? `\u001b[${code}m${text}\u001b[0m` : text);

/**
 * The text without what an address may hold: its user part, the query of a database's, the value of a parameter that is named
 * like a secret. All that scripts say goes through here, so none has to think of it.
 */
export const redacted = (text) =>
  String(text)
    .replace(/\b([a-z][a-z0-9+.-]*:\/\/)(?!user:password@)\S*@/gi, "$1…@")
    .replace(/\b(?!https?:)([a-z][a-z0-9+.-]*:\/\/[^\s?"'“”]*)\?[^\s"'“”]*/gi, "$1?…")
    .replace(/([?&][a-z_-]*(?:key|token|secret|password|signature)=)[^&\s"'“”]+/gi, "$1…");

export const say = (text) => process.stderr.write(`${redacted(text)}\n`);
export const note = (text) => say(`  ${paint(2, text)}`);

/** A failure that the reader can mend: `message` says what is wrong, `remedy` what to do; the script ends with `exitCode`. */
export class Failure extends Error {
  constructor(message, remedy, exitCode = 1) {
    super(message);
    this.remedy = remedy;
    this.exitCode = exitCode;
  }
}

/** Says what is being done and how long that usually takes, does it, and says how long it took. */
export async function step(title, usually, work) {
  say(`${paint(36, "›")} ${title}${usually ? ` (usually ${usually})` : ""}`);
  const started = Date.now();
  const result = await work();
  note(`done in ${duration(Date.now() - started)}`);
  return result;
}

export function duration(ms) {
  if (ms < 1000) return `${ms} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  return `${Math.floor(ms / 60_000)} min ${Math.round((ms % 60_000) / 1000)} s`;
}

/**
 * Where nobody reads any more what we say (`| head`, a pager that was closed), the work goes on, and the exit code says what became of it.
 * A result that cannot be written, to a full disk for instance, is no result.
 */
function outliveReaders() {
  process.stderr.on("error", () => {});
  process.stdout.on("error", (error) => {
    if (error.code === "EPIPE") return;
    say(`${paint(31, "✗")} The result could not be written (${error.code}): what is there of it is not whole.`);
    process.on("exit", () => (process.exitCode ||= 1));
  });
}

/** Runs a script's main function: a `Failure` is told in two lines, what the machine refuses too, anything else with its stack. `--help` only shows `usage`. */
export async function main(run, usage) {
  outliveReaders();
  if (process.argv.slice(2).some((arg) => arg === "--help" || arg === "-h")) return console.log(usage);
  try {
    const code = await run();
    if (typeof code === "number") process.exitCode = code;
  } catch (error) {
    process.exitCode = error?.exitCode ?? 1;
    if (error instanceof Failure) {
      say(`${paint(31, "✗")} ${error.message}`);
      if (error.remedy) say(`  ${error.remedy.replaceAll("\n", "\n  ")}`);
    } else if (error?.syscall) {
      // The machine's: a disk that is full, a file that may not be read. Where we are in our code tells the reader nothing.
      say(`${paint(31, "✗")} ${error.message}`);
      say("  Is there room, and may you read and write there? Then run the same command again.");
    } else {
      say(`${paint(31, "✗")} ${error?.stack ?? error}`);
    }
  }
}
