// workerd's inspector: what an isolate holds, and where its CPU goes.

/** Connects to the Worker of a workerd that was started with `inspect`. */
export async function inspect(port) {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/main`);
  await new Promise((resolve, reject) => {
    socket.onopen = resolve;
    socket.onerror = () => reject(new Error("workerd's inspector does not answer"));
  });
  const waiting = new Map();
  let last = 0;
  let contextId;
  socket.onmessage = ({ data }) => {
    const { id, result, error, method, params } = JSON.parse(data);
    if (method === "Runtime.executionContextCreated") contextId = params.context.id;
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(new Error(error.message));
    else asked?.resolve(result);
  };
  const call = (method, params = {}) =>
    new Promise((resolve, reject) => {
      waiting.set(++last, { resolve, reject });
      socket.send(JSON.stringify({ id: last, method, params }));
    });
  return {
    call,
    async evaluate(expression) {
      if (contextId === undefined) await call("Runtime.enable");
      return (await call("Runtime.evaluate", { expression, contextId })).result.value;
    },
    close: () => socket.close(),
  };
}
