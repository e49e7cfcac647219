// npm run setup: everything that the other commands need. They call it themselves.

import { main } from "./lib/log.mjs";
import { setup } from "./lib/setup.mjs";

await main(() => setup());
