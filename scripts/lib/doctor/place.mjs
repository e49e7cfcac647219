// Where the Worker that is examined runs, and so how it is changed and where its log is. Without --env, wrangler takes the
// top of wrangler.toml, whose Worker has production's name: no command here goes without its environment.

/** `npm run dev` on this machine. */
const LOCAL = {
  secret: (name) =>
    `\`npm run dev\` reads ${name} from .dev.vars when it starts: start it again if that has changed, and leave ${name} out of the doctor's environment.`,
  secrets: ".dev.vars",
  log: "`npm run dev`'s terminal",
  migrate: "`npm run dev` migrates when it starts: start it again.",
  renew: "Start `npm run dev` again.",
  advised: (advice) => advice,
};

const HINT = "(Another environment than production? Then its name belongs after --env.)";

const deployed = (environment, isGuess) => ({
  secret: (name, wanted) => `${wanted}: \`npx wrangler secret put ${name} --env ${environment}\``,
  secrets: `\`npx wrangler secret list --env ${environment}\``,
  log: `\`npx wrangler tail --env ${environment}\``,
  migrate: `\`npm run deploy -- --env ${environment}\` migrates; by hand: \`npx wrangler d1 migrations apply DB --remote --env ${environment}\`.`,
  renew: `Deploy this one: \`npm run deploy -- --env ${environment}\`.`,
  /** The advice as it is told: who gave a URL only hears which environment was taken for granted. */
  advised: (advice) => (isGuess && advice?.includes(`--env ${environment}`) ? `${advice} ${HINT}` : advice),
});

/** `environment` is that of wrangler.toml, where it is known. */
export function placeOf({ environment, loopback = false } = {}) {
  if (environment) return deployed(environment, false);
  return loopback ? LOCAL : deployed("production", true);
}
