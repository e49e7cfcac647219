// A user's wallet as the model knows it: what was sent, what was acknowledged, and which key the device holds.
//
// Backup n of a method makes a custodian share for each curve and one cipher text. The device keeps one key, which a backup
// overwrites before the cipher text is sent (a password stays the same). So a wallet can be recovered if the app gets the
// cipher text that the device's key opens, and Portal the custodian shares of that very backup.

/** Numbers that look random and come again with the same seed (mulberry32). */
export function randomness(seed) {
  let state = seed >>> 0;
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = state;
    t = Math.imul(t ^ (t >>> 15), t | 1);
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
  return {
    chance: (probability) => next() < probability,
    pick: (list) => list[Math.floor(next() * list.length)],
    weighted(choices) {
      let at = next() * Object.values(choices).reduce((sum, weight) => sum + weight, 0);
      return Object.keys(choices).find((name) => (at -= choices[name]) < 0);
    },
  };
}

/** What apps and Portal call a backup; `asked` is what the app asks for, where it is not what it stored under. */
const METHODS = [
  { app: "GDRIVE", rows: ["GDRIVE-SECP256K1", "GDRIVE-ED25519"] },
  { app: "PASSWORD", rows: ["PASSWORD-SECP256K1", "PASSWORD-ED25519"], password: true },
  { app: "A", rows: ["A"] },
  { app: "A-B", rows: ["A-B-SECP256K1", "A-B-ED25519"] },
  { app: "A-B-C", rows: ["A-B-C"] },
  { app: undefined, asked: "ICLOUD", rows: ["ICLOUD-SECP256K1", "ICLOUD-ED25519"] },
  { app: "PASSWORD-RECOVERY", rows: ["PASSWORD-RECOVERY-SECP256K1"], password: true },
];

/** Where Portal says which pair a custodian share is of. */
const PAIRS = ["webhook", "inside of the share", undefined, undefined];

export class Method {
  constructor({ app, asked, rows, password = false }, { pick }) {
    Object.assign(this, { app, asked: asked ?? app, rows, password });
    /** Which sides know pair ids, and whether the curves have one in common. */
    this.pairs = { rows: rows.map(() => pick(PAIRS)), user: pick([true, false]), common: pick([true, false]) };
    if (pick([true, false])) this.pairs = { ...this.pairs, rows: rows.map(() => pick(PAIRS.slice(0, 2))), user: true };
    this.latest = 0;
    /** The backup whose key the device holds; 0: none. */
    this.key = 0;
    /** The last backup whose cipher text was acknowledged. */
    this.complete = 0;
    /** An operator has put a cipher text in the place of the device's own. */
    this.displaced = false;
  }

  custodian(row, n) {
    const share = `${row} custodian share ${n}`;
    const isInside = this.pairs.rows[this.rows.indexOf(row)] === "inside of the share";
    return isInside ? JSON.stringify({ share, backupSharePairId: this.pair(n, row) }) : share;
  }
  cipherText = (n) => `${this.asked} cipher text ${n}`;
  pair(n, row = this.rows[0]) {
    return `${this.asked} pair ${n}${this.pairs.common ? "" : ` of ${row}`}`;
  }
  /** The pair that the webhook names. */
  named(n, row) {
    return this.pairs.rows[this.rows.indexOf(row)] === "webhook" ? this.pair(n, row) : undefined;
  }
  get knowsPairs() {
    return this.pairs.user && this.pairs.rows.every((where) => where !== undefined);
  }

  numberOf(cipherText) {
    for (let n = 1; n <= this.latest; n++) if (this.cipherText(n) === cipherText) return n;
    return 0;
  }

  /** Was it once complete, and is the device's key still the one of then? */
  get owed() {
    return this.complete > 0 && (this.password || this.key === this.complete);
  }
}

export class Wallet {
  constructor(user, random) {
    this.user = user;
    this.random = random;
    this.forget();
  }

  /** As after a purge: nothing was ever stored. */
  forget() {
    this.methods = METHODS.filter(() => this.random.chance(0.5)).map((method) => new Method(method, this.random));
    if (this.methods.length === 0) this.methods = [new Method(METHODS[0], this.random)];
    /** Every text that was answered with 2xx and must not be lost. */
    this.acknowledged = new Set();
    /** An operator has restored something: more than the current shares may be handed out then. */
    this.restored = false;
    /** Two devices have backed up at once: which curve's share is current may be of one or the other. */
    this.concurrent = false;
  }
}
