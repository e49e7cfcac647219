// Seals or opens one share again and again, with the functions that the release Worker calls.
import { importKeys, open, seal } from "./glue.js";

const AAD = 80; // bytes that name a share's place

export default {
  async fetch(request) {
    const query = new URL(request.url).searchParams;
    const [what, bytes, times] = [query.get("what"), Number(query.get("bytes")), Number(query.get("times"))];
    const keys = await importKeys(new Uint8Array(32).fill(7), "share digest");
    const text = new Uint8Array(AAD + bytes).fill(65);
    const header = new Uint8Array(13);
    header[0] = 1;
    let [envelope] = await seal(keys, header, text.subarray(0, AAD), text, false);
    for (let i = 0; i < times; i++) {
      if (what === "seal") {
        crypto.getRandomValues(header.subarray(1));
        [envelope] = await seal(keys, header, text.subarray(0, AAD), text, false);
      } else if ((await open(keys, 1, header.length, text.subarray(0, AAD), envelope)).length !== bytes) {
        return new Response("did not open", { status: 500 });
      }
    }
    return new Response(String(envelope.length));
  },
};
