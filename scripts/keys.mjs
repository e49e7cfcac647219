// npm run keys: what makes the loss of SHARE_ENCRYPTION_KEYS survivable. See docs/second-copy.md.

import { readFileSync } from "node:fs";

import { readArguments } from "./lib/arguments.mjs";
import { Failure, main, note, say } from "./lib/log.mjs";
import { userPath } from "./lib/paths.mjs";
import { setupPackages } from "./lib/setup.mjs";

const USAGE = `npm run keys -- escrow --url URL --recipient age1… [--recipient age1…] [--vars FILE]
npm run keys -- recover --identity FILE (FILE.age … | --bucket NAME [--jurisdiction NAME] [--local]) [--env NAME]

  escrow      keeps each sealing key, inside an age file for the recipients, beside the second copy and in the database.
              Again after every rotation.
  recover     writes the setting SHARE_ENCRYPTION_KEYS to standard output, from the escrow files. Straight into
              the Worker (without --silent npm adds its own lines):
              KEYS=$(npm run --silent keys -- recover …) &&
                printf %s "$KEYS" | npx wrangler secret put SHARE_ENCRYPTION_KEYS --env NAME

  --url URL             the service; https, or http on this machine
  --recipient KEY       age recipient, classic or post-quantum; whoever has its identity has the keys
  --vars FILE           NAME=value lines with ADMIN_TOKEN and SHARE_ENCRYPTION_KEYS (default: the environment, .dev.vars for
                        this machine)
  --identity FILE       the age identity
  --bucket NAME         the bucket of the second copy: its files are read with wrangler
  --jurisdiction NAME   the bucket's: eu, us, fedramp
  --local               the bucket of this machine, in the folder of npm run dev (PERSIST_TO, DATABASES)
  --env NAME            the environment of wrangler.toml whose Worker gets the setting, for what recover tells you to run`;

await main(async () => {
  const { values, positionals } = readArguments({
    usage: USAGE,
    exitCode: 1,
    allowPositionals: true,
    options: {
      url: { type: "string" },
      recipient: { type: "string", multiple: true },
      vars: { type: "string" },
      identity: { type: "string" },
      bucket: { type: "string" },
      jurisdiction: { type: "string" },
      local: { type: "boolean" },
      env: { type: "string" },
    },
  });
  await setupPackages();
  const [command, ...files] = positionals;
  if (command === "escrow" && files.length === 0) return escrow(values);
  if (command === "recover") return recover(values, files);
  throw new Failure("Say what to do: escrow or recover.", USAGE);
}, USAGE);

async function escrow(values) {
  const { Api, serviceUrl } = await import("./lib/moving/api.mjs");
  const { secretsFor } = await import("./lib/moving/secrets.mjs");
  const { IN_THE_DATABASE_ONLY, escrowed } = await import("./lib/copy/escrow.mjs");
  const recipients = values.recipient ?? [];
  const { origin, local } = serviceUrl(values.url);
  const secret = secretsFor({ local, file: userPath(values.vars) });
  const setting = secret("SHARE_ENCRYPTION_KEYS", "they are what is kept");
  const keys = await escrowed({ setting, recipients });
  const token = secret("ADMIN_TOKEN", "the operator's token of the service");
  const api = new Api({ origin, token });
  const { kept, copied } = await api.post("/admin/keys/escrow", { keys });
  for (const id of kept)
    say(`${id}: kept for ${recipients.length === 1 ? "one recipient" : `${recipients.length} recipients`}`);
  if (!copied) note(IN_THE_DATABASE_ONLY);
  const where = copied
    ? "--bucket NAME"
    : "FILE.age (docs/second-copy.md, The keys, says how to get the file out of the database)";
  note(`try it: npm run keys -- recover --identity FILE ${where}`);
  return 0;
}

async function recover(values, files) {
  const { recovered } = await import("./lib/copy/escrow.mjs");
  const { openingKeys } = await import("./lib/moving/sealed.mjs");
  if (!values.identity) throw new Failure("Say what opens the escrow: --identity FILE.", USAGE);
  if (values.bucket && files.length > 0)
    throw new Failure("Say either --bucket NAME or the files of the escrow, not both.", USAGE);
  const identityFile = userPath(values.identity);
  const sources = values.bucket
    ? await fromBucket(values)
    : files.map((file) => ({ name: file, text: read(userPath(file)) }));
  if (sources.length === 0)
    throw new Failure(
      "Say where the escrow is: its files, or --bucket NAME.",
      "It is keys/*.age in the bucket, and escrow/* in the database's table meta; docs/second-copy.md (The keys) says how to get at it.",
    );
  const entries = [];
  for (const { name, text, earlier } of sources) {
    try {
      entries.push(await recovered({ name, text, identityFile }));
    } catch (error) {
      // It may be sealed for the recipients of then.
      if (!earlier || !(error instanceof Failure)) throw error;
      note(leftOut(earlier, error.message));
      continue;
    }
    if (earlier)
      note(`${earlier} is a key of an earlier setting. Remove it when GET /admin/keys counts no share for it.`);
  }
  const setting = entries.join(",");
  await openingKeys(setting);
  process.stdout.write(`${setting}\n`);
  for (const line of whatToDo({ keys: entries.length, environment: values.env, byFile: !values.bucket })) note(line);
  return 0;
}

/** A setting that goes to another environment overwrites the only keys that open its shares: none is guessed. */
function whatToDo({ keys, environment, byFile }) {
  const command = `npx wrangler secret put SHARE_ENCRYPTION_KEYS --env ${environment ?? "NAME"}`;
  return [
    `${keys === 1 ? "one key" : `${keys} keys`}: put this line into SHARE_ENCRYPTION_KEYS (${command})`,
    ...(environment
      ? []
      : ["NAME is the environment that you restore. The line takes the place of the keys that it has: look twice."]),
    ...(byFile
      ? [
          "The setting needs all keys, the sealing one first. Give all of their files in that order; the bucket's keys/index has it.",
        ]
      : []),
  ];
}

function leftOut(id, why) {
  return `${id}, a key of an earlier setting, is left out. ${why}`;
}

function read(file) {
  try {
    return readFileSync(file, "latin1");
  } catch (error) {
    throw new Failure(`${file} could not be read (${error.code}).`);
  }
}

/** The escrow files of the bucket, the sealing key's first, as its index names them; those of earlier settings as far as they are there. */
async function fromBucket({ bucket, jurisdiction, local }) {
  const { idsOf } = await import("./lib/copy/escrow.mjs");
  const { run } = await import("./lib/run.mjs");
  const { wranglerCli } = await import("./lib/paths.mjs");
  const { nodeBin, nodeEnv } = await import("./lib/toolchain.mjs");
  const { lastLines } = await import("./lib/deploy/wrangler.mjs");
  const { persistDir } = await import("./lib/d1.mjs");
  const { databasesFrom, folderOf } = await import("./lib/local-homes.mjs");
  const where = local
    ? ["--local", "--persist-to", persistDir(folderOf(databasesFrom(process.env.DATABASES)))]
    : ["--remote"];
  if (jurisdiction) where.push(`--jurisdiction=${jurisdiction}`);
  const get = async (name, { mayLack = false } = {}) => {
    const args = ["r2", "object", "get", `${bucket}/${name}`, "--pipe", ...where];
    const { code, stdout, stderr } = await run(await nodeBin(), ["--no-warnings", wranglerCli, ...args], {
      env: nodeEnv({ WRANGLER_HIDE_BANNER: "true" }),
    });
    if (code === 0) return stdout;
    if (mayLack && /The specified key does not exist/.test(stderr + stdout)) return undefined;
    throw new Failure(
      `The bucket ${bucket} has no object ${name}, or cannot be read:\n${lastLines(stderr || stdout)}`,
      "Is this login the right account (npx wrangler whoami), and does the bucket have a --jurisdiction?",
    );
  };
  const index = await get("keys/index", { mayLack: true });
  const ids = idsOf(index);
  if (!ids)
    throw new Failure(
      index === undefined
        ? `The bucket ${bucket} is not there, or has no object keys/index: is this the right account (npx wrangler whoami), does the bucket have a --jurisdiction, was no escrow made, or did somebody delete the object?`
        : `The object keys/index in the bucket ${bucket} is damaged: it does not tell which keys there are.`,
      `An escrow's keys are in the same bucket, each in an object keys/<its id>.age; the bucket's page in Cloudflare's dashboard lists them. Get each file
(npx wrangler r2 object get ${bucket}/keys/ID.age ${where.join(" ")} --file keys-ID.age), and give all of them, the sealing key's first:
  npm run keys -- recover --identity FILE keys-ID.age …
While the Worker has its keys, npm run keys -- escrow writes the index anew.`,
    );
  const sources = [];
  for (const id of ids.keys) sources.push({ name: `keys/${id}.age`, text: await get(`keys/${id}.age`) });
  for (const id of ids.earlier) {
    const name = `keys/${id}.age`;
    const text = await get(name, { mayLack: true });
    if (text === undefined) note(leftOut(id, `The bucket has no object ${name}.`));
    else sources.push({ name, text, earlier: id });
  }
  for (const id of ids.beyond) note(leftOut(id, "A setting has no room for more keys."));
  return sources;
}
