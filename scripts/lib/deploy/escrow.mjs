// The escrow of the sealing keys, at the end of a deployment. See docs/second-copy.md.

import { Failure, note } from "../log.mjs";
import { answering } from "./answering.mjs";
import { unknownSecrets } from "./secrets.mjs";

/** Before anything is deployed: an escrow that is refused at the end would be forgotten. */
export const recipients = {
  title: "The keys' recipients",
  applies: ({ options }) => options.recipients.length > 0,
  plan: () => ["look whether each --recipient is one, and whether the keys are at hand: wrangler secret list"],
  async run(context) {
    const { options } = context;
    const { encrypterFor } = await import("../copy/escrow.mjs");
    encrypterFor(options.recipients);
    const unknown = await unknownSecrets(["SHARE_ENCRYPTION_KEYS", "ADMIN_TOKEN"], context);
    if (unknown.length > 0)
      throw new Failure(
        `--recipient needs ${unknown.join(" and ")}: nothing can read ${unknown.length > 1 ? "them" : "it"} back from Cloudflare.`,
        "Give what the Worker has in the environment, or in a file of NAME=value lines: --vars FILE. Nothing was touched.",
      );
    note(`${options.recipients.length} of --recipient`);
  },
};

export const escrow = {
  title: "The keys' escrow",
  applies: ({ options }) => options.recipients.length > 0,
  plan: () => ["keep each sealing key in an age file for the recipients: npm run keys -- escrow"],
  async run({ deployedAt, env, known, options, patience, url }) {
    const again = `npm run keys -- escrow --url ${url ?? "https://…"} ${options.recipients.map((key) => `--recipient ${key}`).join(" ")}`;
    if (!url)
      throw new Failure(
        "The keys are not in escrow: wrangler told no URL of the Worker.",
        `It is deployed. Then: ${again}`,
      );
    const { IN_THE_DATABASE_ONLY, escrowed } = await import("../copy/escrow.mjs");
    const { Api } = await import("../moving/api.mjs");
    const value = (name) => known[name] ?? env[name];
    const keys = await escrowed({ setting: value("SHARE_ENCRYPTION_KEYS"), recipients: options.recipients });
    await answering(new URL(url), { patience, again, since: deployedAt });
    try {
      const api = new Api({ origin: new URL(url).origin, token: value("ADMIN_TOKEN") });
      const { kept, copied } = await api.post("/admin/keys/escrow", { keys });
      note(`${kept.join(", ")}: kept for ${options.recipients.length} of --recipient`);
      if (!copied) note(IN_THE_DATABASE_ONLY);
    } catch (error) {
      throw new Failure(`It is deployed, but the keys are not in escrow: ${error.message}`, `Then: ${again}`);
    }
  },
};
