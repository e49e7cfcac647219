// Ctrl-C while the doctor examines: what it made is taken away all the same.

import { say } from "../log.mjs";

/** Ctrl-C ends what goes by `signal`, but not the clearing up; a second one ends that too. After `end()` it ends the process again. */
export function interruptible() {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    say("Breaking off; taking away what was made first.");
    controller.abort();
  };
  process.on("SIGINT", onSignal).on("SIGTERM", onSignal);
  return { signal: controller.signal, end: () => process.off("SIGINT", onSignal).off("SIGTERM", onSignal) };
}
