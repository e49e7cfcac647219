// A real browser for the pages: the machine's own Chromium, driven by playwright-core.

import { existsSync } from "node:fs";
import { delimiter, join } from "node:path";

import { chromium } from "playwright-core";

const NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
const FOLDERS = (process.env.PATH ?? "").split(delimiter);
const OTHERS = [
  "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
  "/Applications/Chromium.app/Contents/MacOS/Chromium",
  "C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe",
];
// Nothing but what the page itself asks for may leave the browser.
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** Where Chromium is: CHROMIUM_BIN, else the first one found; undefined where there is none. */
const chromiumPath = [
  process.env.CHROMIUM_BIN,
  ...FOLDERS.flatMap((folder) => NAMES.map((name) => join(folder, name))),
  ...OTHERS,
].find((path) => path && existsSync(path));

/** For a test's `skip`: why it cannot run here, or false. */
export const noBrowser = !chromiumPath && "SKIPPED: no Chromium here. Install it, or name it in CHROMIUM_BIN.";

export const launch = () => chromium.launch({ executablePath: chromiumPath, headless: true, args: FLAGS });
