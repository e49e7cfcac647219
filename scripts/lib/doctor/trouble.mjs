// What can come of a check besides success: trouble, with what to change, or a good reason not to run it.

/** A check failed: `message` says what was seen, `advice` what to change. */
export class Trouble extends Error {
  constructor(message, advice) {
    super(message);
    this.advice = advice;
  }
}

/** A check cannot be run here, and that by itself is no fault of the service. */
export class Skip extends Error {
  constructor(message, advice) {
    super(message);
    this.advice = advice;
  }
}
