/** A row that cannot go in. The message is for the report: never with a share. `about` is what is known of its record. */
export class Refusal extends Error {
  constructor(message, about) {
    super(message);
    this.about = about;
  }
}
