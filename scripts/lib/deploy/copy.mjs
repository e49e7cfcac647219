// The second copy's bucket, and the escrow of the keys. See docs/second-copy.md.

import { Failure, note } from "../log.mjs";
import { readConfig, writeCopy } from "./config.mjs";

const BUCKET = "portal-backup-copy";

export const bucket = {
  title: "The second copy",
  applies: ({ config, options }) => Boolean(config.bucket) || options.copy,
  plan({ config }) {
    const name = config.bucket ?? BUCKET;
    return [
      ...(config.bucket ? [] : ["bind a bucket as COPY: written into wrangler.toml"]),
      `look for the R2 bucket ${name}, and make it if there is none: wrangler r2 bucket create ${name}`,
    ];
  },
  async run(context) {
    const { file, options, wrangler } = context;
    const { environment } = options;
    if (!context.config.bucket) {
      writeCopy({ file, environment, bucket: BUCKET });
      context.config = await readConfig({ file, environment });
      if (context.config.bucket !== BUCKET)
        throw new Failure(
          "The bucket did not find its place in wrangler.toml.",
          "Write it by hand (docs/second-copy.md), and run the command again.",
        );
      note("bound as COPY, now in wrangler.toml: commit that");
    }
    const name = context.config.bucket;
    const { code } = await wrangler.run(["r2", "bucket", "info", name]);
    if (code === 0) return note(`${name} is there`);
    await wrangler.must(
      ["r2", "bucket", "create", name, ...(options.jurisdiction ? [`--jurisdiction=${options.jurisdiction}`] : [])],
      {
        remedy:
          "R2 must be enabled for the account once, in Cloudflare's dashboard. An API token needs the permission R2:Edit.",
      },
    );
    note(`made ${name}`);
    note(
      `lock it, so that not even the Worker can delete what is young: npx wrangler r2 bucket lock add ${name} keep c1/ --retention-days 30`,
    );
  },
};

export const escrow = {
  title: "The keys' escrow",
  applies: ({ options }) => options.recipients.length > 0,
  plan: () => ["keep each sealing key in an age file for the recipients: npm run keys -- escrow"],
  async run({ env, known, options, url }) {
    const again = "npm run keys -- escrow --url … --recipient age1…";
    const { escrowed } = await import("../copy/escrow.mjs");
    const { Api } = await import("../moving/api.mjs");
    const value = (name) => known[name] ?? env[name];
    const [setting, token] = [value("SHARE_ENCRYPTION_KEYS"), value("ADMIN_TOKEN")];
    if (!setting || !token || !url)
      throw new Failure(
        "The keys' escrow needs SHARE_ENCRYPTION_KEYS and ADMIN_TOKEN: nothing can read them back from Cloudflare.",
        `It is deployed. Give them in the environment, then: ${again}`,
      );
    const keys = await escrowed({ setting, recipients: options.recipients });
    const { kept } = await new Api({ origin: new URL(url).origin, token }).post("/admin/keys/escrow", { keys });
    note(`${kept.join(", ")}: kept for ${options.recipients.length} of --recipient`);
  },
};
