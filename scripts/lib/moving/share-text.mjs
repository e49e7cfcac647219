// A share that a line has as a JSON object is stored as its source text, byte for byte: parsed and written again it could lose a
// digit of a number. JSON.parse forgets that text, so it is taken out of the line before.

import { plain } from "./rows.mjs";

const CONTENT = new Set(["share", "ciphertext", "backupshare"]);
/** Strings, and what stands between values. Numbers and words in between are of no interest. */
const TOKENS = /"(?:[^"\\]|\\.)*"|[{}:]/g;
/** Nearly all lines have no object in them: they are left alone. */
const MAY_HOLD_ONE = /"\s*:\s*\{/;

/** The line with each share that is an object put as a string of the object's source text. What is no JSON stays so. */
export function sharesAsText(line) {
  if (!MAY_HOLD_ONE.test(line)) return line;
  let made = "";
  let end = 0; // of what is in `made`
  let key;
  let isValue = false; // whether the key's colon has just been read
  let share; // the object that is being read: where it begins, and how many of its braces are open
  for (const { 0: token, index } of line.matchAll(TOKENS)) {
    if (share) {
      share.open += token === "{" ? 1 : token === "}" ? -1 : 0;
      if (share.open > 0) continue;
      made += line.slice(end, share.from) + JSON.stringify(line.slice(share.from, index + 1));
      end = index + 1;
      share = undefined;
    } else if (token === "{" && isValue && isContent(key)) share = { from: index, open: 1 };
    else if (token === ":") isValue = true;
    else {
      key = token;
      isValue = false;
    }
  }
  return made + line.slice(end);
}

function isContent(key) {
  try {
    return CONTENT.has(plain(JSON.parse(key)));
  } catch {
    return false; // an odd string, which JSON.parse refuses with the line
  }
}
