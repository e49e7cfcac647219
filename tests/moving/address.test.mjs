// The address of a database that is moved in: what is said of one that is mistyped.

import assert from "node:assert/strict";
import { describe, it } from "node:test";

import { parsedAddress, tlsOf } from "../../scripts/lib/moving/url.mjs";

describe("?sslrootcert= of a database's URL", () => {
  it("is named if its file cannot be read, without the file's name or the rest of the URL", () => {
    const url = parsedAddress("postgres://reader:hidden@db.example.com/app?sslrootcert=/nowhere/ca.pem");
    assert.throws(
      () => tlsOf(url, { local: false, refuse: [] }),
      (error) => {
        assert.match(error.message, /certificate authority of the database's URL cannot be read \(ENOENT\)/);
        assert.match(error.remedy, /sslrootcert/);
        assert.doesNotMatch(error.message + error.remedy, /hidden|nowhere/);
        return true;
      },
    );
  });
});
