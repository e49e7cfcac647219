// The escrow of the sealing keys, at the end of a deployment. See docs/second-copy.md.

import { Failure, note } from "../log.mjs";

/** Before anything is deployed: an escrow that is refused at the end would be forgotten. */
export const recipients = {
  title: "The keys' recipients",
  applies: ({ options }) => options.recipients.length > 0,
  plan: () => ["look whether each --recipient is one"],
  async run({ options }) {
    const { encrypterFor } = await import("../copy/escrow.mjs");
    encrypterFor(options.recipients);
    note(`${options.recipients.length} of --recipient`);
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
