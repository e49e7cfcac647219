// Whatever ends the doctor while it examines: what it made is taken away all the same.

import { say } from "../log.mjs";

const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"];
const READ = [process.stdout, process.stderr];

/**
 * A signal, or a reader who goes (`head`, a pager, a terminal), ends what goes by `signal`, but not the clearing up; a second signal ends that
 * too. After `end()` each ends the process again.
 */
export function interruptible() {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    say("Breaking off; taking away what was made first.");
    controller.abort();
  };
  const onNobody = () => controller.abort();
  for (const signal of SIGNALS) process.on(signal, onSignal);
  for (const stream of READ) stream.on("error", onNobody);
  return {
    signal: controller.signal,
    end() {
      for (const signal of SIGNALS) process.off(signal, onSignal);
      for (const stream of READ) stream.off("error", onNobody);
    },
  };
}
