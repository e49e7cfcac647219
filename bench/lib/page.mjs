// The operators' page: how much script runs until it is usable, in Chromium on a processor that is slowed down four times.
import { gzipSync } from "node:zlib";

import { backups } from "../../tests/support/backup.mjs";
import { launch, noBrowser } from "../../tests/support/browser.mjs";
import { user } from "../../tests/support/client.mjs";
import { OPERATORS, OPERATOR_TOKENS } from "../../tests/support/console.mjs";
import { startWorker } from "../../tests/support/harness.mjs";
import { origin } from "./report.mjs";
import { median, progress, spread, table } from "./figures.mjs";

/** As a phone of some years ago. */
const SLOW_DOWN = 4;
/** Versions of the person who is looked at. */
const VERSIONS = 60;

/** The section of bench/results.md; undefined where there is no browser. */
export async function measurePage(loads) {
  if (noBrowser) return undefined;
  const worker = await startWorker({ assets: true, secrets: { OPERATOR_TOKENS } });
  const browser = await launch();
  const bar = progress("the operators' page", loads + 1);
  const took = {};
  try {
    await fill(worker);
    for (let load = 0; load <= loads; load++) {
      for (const [view, ms] of Object.entries(await look(browser, worker))) if (load > 0) (took[view] ??= []).push(ms);
      bar.step();
    }
    const sizes = [];
    for (const name of ["page.js", "draw.js"])
      sizes.push(gzipSync((await worker.send("GET", `/console/${name}`)).text).length);
    bar.end();
    return section(took, sizes);
  } finally {
    await browser.close();
    await worker.stop();
  }
}

async function fill(worker) {
  const act = backups(worker);
  const [ada, ...others] = ["ada", ...Array.from({ length: 30 }, (_, n) => `other-${n}`)].map(user);
  await act.register(ada, ...others);
  for (let n = 0; n < VERSIONS / 3; n++) {
    const pair = `pair-${n}`;
    for (const curve of ["SECP256K1", "ED25519"]) await act.custodian(ada, `GDRIVE-${curve}`, `c${n}`, { pair });
    await act.cipherText(ada, "GDRIVE", `u${n}`, { pair });
  }
}

/** Milliseconds of script until each view can be used, one after the other, in a browser that has nothing in its cache. */
async function look(browser, worker) {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    const devtools = await context.newCDPSession(page);
    await devtools.send("Performance.enable");
    await devtools.send("Emulation.setCPUThrottlingRate", { rate: SLOW_DOWN });
    let before = 0;
    /** Of the script that has run since the view before; compiling it is part of it. */
    const script = async () => {
      const { metrics } = await devtools.send("Performance.getMetrics");
      const seconds = (name) => metrics.find((metric) => metric.name === name)?.value ?? 0;
      const now = (seconds("ScriptDuration") + seconds("V8CompileDuration")) * 1_000;
      const since = now - before;
      before = now;
      return since;
    };
    await page.goto(new URL("/console", worker.url).href);
    const token = page.getByLabel("Your operator token");
    await token.waitFor();
    const first = await script();
    await token.fill(OPERATORS.viewer.token);
    await page.getByRole("button", { name: "Sign in", exact: true }).click();
    await page.getByRole("link", { name: "user-ada", exact: true }).first().waitFor();
    const find = await script();
    await page.evaluate("location.hash = '#/users/user-ada'");
    await page
      .getByRole("button", { name: /^Cipher text GDRIVE/ })
      .last()
      .waitFor();
    return {
      "The first view, signing in": first,
      "Signing in, and who had something done lately": find,
      [`A person with ${VERSIONS} versions`]: await script(),
    };
  } finally {
    await context.close();
  }
}

function section(took, [page, charts]) {
  return [
    "## The operators' page",
    "",
    ...origin("--page"),
    "",
    `Milliseconds of script in Chromium, on a processor slowed down ${SLOW_DOWN} times, until the view can be used: the median of ${Object.values(took)[0].length}`,
    "loads with nothing in the cache, and half of the distance between the quartiles. Compiling is part of it. The aim is 100 ms for the",
    `first view. The page's script is ${(page / 1024).toFixed(1)} KiB, gzipped, and the charts' ${(charts / 1024).toFixed(1)}, which comes with the first chart; the limit of both is 60.`,
    "",
    table(
      ["", "ms"],
      Object.entries(took).map(([view, values]) => [
        view,
        `${median(values).toFixed(0)} ± ${(spread(values) * 100).toFixed(0)} %`,
      ]),
    ),
  ].join("\n");
}
