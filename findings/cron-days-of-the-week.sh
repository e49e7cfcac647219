#!/usr/bin/env bash
# Cron triggers of Workers: "0 3 * * 1" is Sunday, not Monday, and "1-5" leaves Friday out.
#
# saffron 0.1.0 (crates.io), Cloudflare's own parser of cron triggers, and cron 0.17.0, the Rust crate; as peers croner 11.0.1, cron-parser 5.10.6
# and cronstrue 3.39.0 (npm) with Node 24.21.0.
# Behaviour:
# - saffron and cron count the days of the week from Sunday = 1 to Saturday = 7. croner and cron-parser count from Sunday = 0 to
#   Saturday = 6, with 7 for Sunday, as Unix does, and cronstrue puts "1" into words as Monday.
# - So "0 3 * * 1" runs on Sundays, "0 3 * * 1-5" from Sunday to Thursday, "0 3 * * 7" on Saturdays. "0 3 * * 0" is refused. All take MON-FRI, and
#   mean the same by it.
# - With a day of the month beside it, "0 3 1 * MON" runs on the first of each month and on each Monday, in all but cron: there on a first that is a
#   Monday.
# - saffron takes a range that goes over the weekend, FRI-MON, and runs on Thursdays, too. cron, croner and cron-parser refuse it.
#
# Who is hurt: whoever copies the line of a weekly export from their server's crontab, or looks it up in a page that explains crons. The Worker
# runs on other days, at the right hour, and nothing fails: "1-5" makes no copy of Friday's backups until Sunday. Write the names, never numbers.
#
# Needs cargo.
set -euo pipefail
dir=$(mktemp -d); trap 'rm -rf "$dir"' EXIT; cd "$dir"
npm init -y >/dev/null
npm install --silent --no-audit --no-fund node@24.21.0
export PATH="$dir/node_modules/.bin:$PATH"
npm install --silent --no-audit --no-fund --ignore-scripts croner@11.0.1 cron-parser@5.10.6 cronstrue@3.39.0

mkdir src
cat >Cargo.toml <<'TOML'
[package]
name = "finding"
version = "0.0.0"
edition = "2021"
[dependencies]
chrono = "=0.4.45"
cron = "=0.17.0"
saffron = "=0.1.0"
[workspace]
TOML
# Days after Sunday 29 November 2026, 12:00, on which an expression runs, by each parser.
cat >src/main.rs <<'RS'
use chrono::{DateTime, TimeZone, Utc};
use std::str::FromStr;
fn days<E>(times: Result<Vec<DateTime<Utc>>, E>) -> String {
    let Ok(times) = times else { return "refused".to_owned() };
    times.iter().map(|time| time.format("%a %-d").to_string()).collect::<Vec<_>>().join(", ")
}
fn main() {
    let from = Utc.with_ymd_and_hms(2026, 11, 29, 12, 0, 0).unwrap();
    for cron in std::env::args().skip(1) {
        let ours = cron.parse::<saffron::Cron>().map(|cron| cron.iter_after(from).take(5).collect());
        let other = cron::Schedule::from_str(&format!("0 {cron}")).map(|cron| cron.after(&from).take(5).collect());
        println!("saffron | {cron} | {}", days(ours));
        println!("cron | {cron} | {}", days(other));
    }
}
RS
cat >run.mjs <<'JS'
import { CronExpressionParser } from "cron-parser";
import { Cron } from "croner";
import cronstrue from "cronstrue";
const from = new Date("2026-11-29T12:00:00Z");
const shown = (dates) => dates.map((date) => `${date.toUTCString().slice(0, 3)} ${date.getUTCDate()}`).join(", ");
for (const cron of process.argv.slice(2)) {
  const say = (name, work) => {
    let what;
    try { what = work(); } catch { what = "refused"; }
    console.log(`${name} | ${cron} | ${what}`);
  };
  say("croner", () => shown(new Cron(cron, { timezone: "UTC" }).nextRuns(5, from)));
  say("cron-parser", () => {
    const times = CronExpressionParser.parse(cron, { currentDate: from, tz: "UTC" });
    return shown(Array.from({ length: 5 }, () => times.next().toDate()));
  });
  say("cronstrue", () => cronstrue.toString(cron));
}
JS
crons=("0 3 * * 1" "0 3 * * 1-5" "0 3 * * 7" "0 3 * * 0" "0 3 * * MON-FRI" "0 3 1 * MON" "0 3 * * FRI-MON")
{ cargo run --quiet -- "${crons[@]}"; node run.mjs "${crons[@]}"; } | tee seen
stated() {
  grep -qxF "$1" seen || { echo "changed: expected $1"; exit 1; }
}
for name in saffron cron; do
  stated "$name | 0 3 * * 1 | Sun 6, Sun 13, Sun 20, Sun 27, Sun 3"
  stated "$name | 0 3 * * 1-5 | Mon 30, Tue 1, Wed 2, Thu 3, Sun 6"
  stated "$name | 0 3 * * 7 | Sat 5, Sat 12, Sat 19, Sat 26, Sat 2"
  stated "$name | 0 3 * * 0 | refused"
done
for name in croner cron-parser; do
  stated "$name | 0 3 * * 1 | Mon 30, Mon 7, Mon 14, Mon 21, Mon 28"
  stated "$name | 0 3 * * 1-5 | Mon 30, Tue 1, Wed 2, Thu 3, Fri 4"
  stated "$name | 0 3 * * 7 | Sun 6, Sun 13, Sun 20, Sun 27, Sun 3"
done
stated "cronstrue | 0 3 * * 1 | At 03:00 AM, only on Monday"
for name in saffron cron croner cron-parser; do
  stated "$name | 0 3 * * MON-FRI | Mon 30, Tue 1, Wed 2, Thu 3, Fri 4"
done
for name in saffron croner cron-parser; do
  stated "$name | 0 3 1 * MON | Mon 30, Tue 1, Mon 7, Mon 14, Mon 21"
done
stated "cron | 0 3 1 * MON | Mon 1, Mon 1, Mon 1, Mon 1, Mon 1"
stated "saffron | 0 3 * * FRI-MON | Mon 30, Thu 3, Fri 4, Sat 5, Sun 6"
for name in cron croner cron-parser; do
  stated "$name | 0 3 * * FRI-MON | refused"
done
echo "as stated: saffron 0.1.0, cron 0.17.0, croner 11.0.1, cron-parser 5.10.6, cronstrue 3.39.0"
