// Questions at the terminal, asked where somebody can answer.

import assert from "node:assert/strict";
import { PassThrough } from "node:stream";
import { describe, it } from "node:test";

import { terminal } from "../../scripts/lib/deploy/terminal.mjs";

/** A terminal at which somebody types; `shown()` is what is on its screen. */
function screen({ input = true, output = true, env = {} } = {}) {
  const [keys, glass] = [new PassThrough(), new PassThrough()];
  keys.isTTY = input;
  glass.isTTY = output;
  keys.setRawMode = () => keys;
  const chunks = [];
  glass.on("data", (chunk) => chunks.push(chunk));
  return { keys, ui: terminal({ input: keys, output: glass, env }), shown: () => Buffer.concat(chunks).toString() };
}

describe("a terminal", () => {
  it("is none where nobody reads the question, nobody can answer, or a build server runs it", () => {
    assert.ok(screen().ui);
    for (const none of [{ input: false }, { output: false }, { env: { CI: "true" } }])
      assert.equal(screen(none).ui, undefined, JSON.stringify(none));
  });

  it("gives the answer without blanks at its ends", async () => {
    const { keys, ui, shown } = screen();
    const answer = ui.ask("Which domain? ");
    keys.write("  backup.example.com \r");
    assert.equal(await answer, "backup.example.com");
    assert.match(shown(), /Which domain\? /);
  });

  it("shows nothing of a secret that is typed", async () => {
    const { keys, ui, shown } = screen();
    const answer = ui.askSecret("The secret? ");
    keys.write("hush-hush\r");
    assert.equal(await answer, "hush-hush");
    assert.match(shown(), /The secret\? /);
    assert.doesNotMatch(shown(), /hush/);
  });

  it("ends the command where the question is broken off, by Ctrl-C or by the end of what is typed", async () => {
    for (const ask of ["ask", "askSecret"])
      for (const breakOff of [(keys) => keys.write("\u0003"), (keys) => keys.end()]) {
        const { keys, ui } = screen();
        const answer = ui[ask]("? ");
        breakOff(keys);
        await assert.rejects(answer, /^Error: Broken off\.$/);
      }
  });
});
