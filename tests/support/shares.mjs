// Shares that something on the way might be tempted to change.

/** Strings: they come back as they are. */
export const STRINGS = {
  "a JSON object as a string, as Portal sends it":
    '{"backupSharePairId":"clp1","clientId":"c1","share":"84713","ssid":"a\\"b"}',
  "quotes and backslashes": `"\\"'\\\\ \\n \\u0041 \\/ /`,
  "every kind of line break": "a\nb\r\nc\rd\u0085e\u2028f\u2029g\u000bh\u000ci",
  "control characters and a NUL": "\u0000\u0001\u0007\b\t\u001b\u007f\u009f",
  "a byte order mark before, in and after": "\ufeffa\ufeffb\ufeff",
  "white space at the ends": " \t share \n ",
  "emoji, joined and with skin tones": "👩‍👩‍👧‍👦🏳️‍🌈👋🏽🇩🇪",
  "characters beyond the basic plane, combining and right-to-left": "𝔘𐍈e\u0301é\u202eabc\u202c שלום",
  "both Unicode normal forms": "Å\u212bA\u030a ﬁ",
  "noncharacters and the private use area": "\ufffe\uffff\ue000\u{10ffff}\ufffd",
  "HTML, SQL, and template text": `<script>alert(1)</script>'; DROP TABLE users; -- \${x} {{x}} %s %00 &amp;`,
  "what looks like another type": "null",
  "a number with many digits": "0123456789".repeat(62),
  "text in base64 with padding": "q83vASNFZ4k=",
  "one character": "x",
  "100 KB of text of all sizes of UTF-8": "aé€😀".repeat(10_240),
};

/** Objects, as they stand in the body: the share is this very text. */
export const OBJECTS = {
  "an empty object": "{}",
  "odd white space": '{ "a"  :1 ,\n\t"b":\r\n[ 1,2 , 3 ]   }',
  "numbers that no double holds":
    '{"p":123456789012345678901234567890123456789,"q":1.10,"r":1E+2,"s":-0,"t":0.1000000000000000055511151231257827}',
  "an inner key twice": '{"a":1,"a":2,"A":3}',
  "keys in an order of their own": '{"z":1,"a":2,"10":3,"9":4}',
  "escapes as they were written": String.raw`{"a":"\u0041\/\n","\u0062":"\ud83d\ude00","e":"é\u00e9"}`,
  "a byte order mark and line separators inside": '{"a":"\ufeff\u2028\u2029"}',
  "keys of JavaScript's own": '{"__proto__":{"x":1},"constructor":2,"toString":3}',
  "objects in objects": `{"a":${'{"a":'.repeat(40)}1${"}".repeat(40)}}`,
};
