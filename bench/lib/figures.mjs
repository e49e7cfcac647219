// Medians and spreads, and the one line that says how far the benchmark is.

export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}

/** Half of the distance between the quartiles, as a part of the median: "± 4 %" holds the middle half of the samples. */
export function spread(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const at = (part) => sorted[Math.round((sorted.length - 1) * part)];
  return (at(0.75) - at(0.25)) / 2 / median(values);
}

/** A progress line: rewritten in place on a terminal, a line every ten seconds elsewhere. */
export function progress(title, total) {
  const began = Date.now();
  let done = 0;
  let told = 0;
  const show = (end) => {
    const tty = process.stderr.isTTY;
    if (!end && Date.now() - told < (tty ? 100 : 10_000)) return;
    told = Date.now();
    const part = total ? done / total : 1;
    const seconds = (told - began) / 1000;
    const left = end ? `${seconds.toFixed(0)} s` : part > 0.02 ? `${Math.ceil(seconds / part - seconds)} s left` : "";
    const bar = "█".repeat(Math.round(part * 24)).padEnd(24, "░");
    process.stderr.write(
      `${tty ? "\r\x1b[2K" : ""}  ${bar} ${String(Math.round(part * 100)).padStart(3)} %  ${title}  ${left}${tty && !end ? "" : "\n"}`,
    );
  };
  return {
    step(n = 1) {
      done += n;
      show(false);
    },
    end() {
      done = total;
      show(true);
    },
  };
}

/** A table in Markdown, padded so that it can be read as it is. The first column is text, the others figures. */
export function table(header, rows) {
  const widths = header.map((_, i) => Math.max(...[header, ...rows].map((row) => String(row[i] ?? "").length)));
  const line = (row) =>
    `| ${widths.map((w, i) => (i ? String(row[i] ?? "").padStart(w) : String(row[i] ?? "").padEnd(w))).join(" | ")} |`;
  const rule = `|${widths.map((w, i) => (i ? `${"-".repeat(w + 1)}:` : "-".repeat(w + 2))).join("|")}|`;
  return [line(header), rule, ...rows.map(line)].join("\n");
}
