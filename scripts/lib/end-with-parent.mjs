// Loaded into a server's process (node --import): ends it and its children once whoever started it is gone, even where
// that one was killed without a chance to say so.

const parent = process.ppid;
setInterval(() => {
  if (process.ppid === parent) return;
  try {
    process.kill(-process.pid, "SIGKILL");
  } catch {
    process.exit(1);
  }
}, 1_000).unref();
