// The throw-away user and what its wallet would send: the sizes and the shape of the real thing, none of its meaning.

import { randomBytes, randomUUID } from "node:crypto";

/** A user that never was before, and its app's credential. */
export function throwAwayUser({ userId, clientId } = {}) {
  const id = randomUUID();
  return {
    id: userId ?? `doctor-${id}`,
    clientId: clientId ?? `doctor-client-${id}`,
    clientApiKey: `doctor-key-${randomBytes(24).toString("base64url")}`,
    /** An id that was given could be a real user's: then it is only ours once the server has said that it is new. */
    isOursForCertain: userId === undefined && clientId === undefined,
  };
}

/** A custodian share as Portal sends it: about 5.8 KB of JSON in a string; here also with all that JSON must escape. */
export function custodianShare(user, curve) {
  const backupSharePairId = randomUUID();
  const digits = (count) =>
    BigInt(`0x1${randomBytes(Math.ceil(count / 2.4)).toString("hex")}`)
      .toString()
      .slice(0, count);
  const share = JSON.stringify({
    backupSharePairId,
    clientId: user.clientId,
    curve,
    share: digits(77),
    ssid: randomBytes(32).toString("hex"),
    p: digits(309),
    q: digits(309),
    pedersen: Array.from({ length: 6 }, () => digits(616)),
    note: 'doctor "\\ \u2028 ключ 🔑 \u0000',
  });
  return { share, backupSharePairId };
}

/** A client cipher text: 20 KB of base64. */
export const cipherText = () => randomBytes(15_000).toString("base64");
