// The D1 bindings of a Worker: DB, and where users are spread DIRECTORY and DB_1 … DB_n. For entries that put themselves before
// them; runs in workerd and in Node.

const isHome = (name) => /^DB(_[1-9]\d*)?$/.test(name);

/** The names of the homes' bindings, home 0 first. */
export const homesOf = (env) =>
  Object.keys(env)
    .filter(isHome)
    .sort((a, b) => Number(a.slice(3)) - Number(b.slice(3)));

/** The bindings with every D1 as `change(name, db)` makes it. */
export function everyDatabase(env, change) {
  const databases = Object.keys(env).filter((name) => isHome(name) || name === "DIRECTORY");
  return { ...env, ...Object.fromEntries(databases.map((name) => [name, change(name, env[name])])) };
}
