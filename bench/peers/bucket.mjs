// R2 by itself: `/read` reads every object of the copy, `/write` writes as many of the same size. Like the Worker's commands: four at a time, each
// with six connections.
const AT_ONCE = 4 * 6;

async function each(items, work) {
  const left = [...items];
  const worker = async () => {
    for (let item = left.pop(); item !== undefined; item = left.pop()) await work(item);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
}

async function names(bucket, prefix) {
  const all = [];
  for (let cursor; ; ) {
    const page = await bucket.list({ prefix, cursor });
    all.push(...page.objects.map(({ key }) => key));
    if (!page.truncated) return all;
    cursor = page.cursor;
  }
}

export default {
  async fetch(request, { COPY }) {
    const all = await names(COPY, "c1/");
    const read = async (name) => (await COPY.get(name)).text();
    if (request.url.endsWith("/read")) await each(all, read);
    if (request.url.endsWith("/write")) {
      const text = await read(all.at(-1));
      await each(all, (name) => COPY.put(`floor/${name}`, text, { onlyIf: { etagDoesNotMatch: "*" } }));
    }
    return Response.json({ objects: all.length });
  },
};
