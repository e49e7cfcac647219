// The whole service: what there is, how it goes, and what needs somebody.

import { useMemo } from "preact/hooks";

import { type Schemas, answered, api } from "./api";
import { Chart } from "./chart";
import { HalfFinished } from "./half-finished";
import { useLoaded } from "./state";
import { Shown, Time } from "./ui";
import { count, day, listed } from "./words";

type Metrics = Schemas["Metrics"];

const DAYS = 90;

export function Whole() {
  const metrics = useLoaded("metrics", () =>
    answered(api.GET("/admin/metrics", { params: { query: { days: DAYS } } })),
  );
  const status = useLoaded("status", () => answered(api.GET("/admin/status")));
  return (
    <>
      <h1>The whole</h1>
      <div class="columns">
        <Shown of={status}>{(status) => <Figures status={status} />}</Shown>
        <Shown of={metrics}>{(metrics) => <Databases metrics={metrics} />}</Shown>
      </div>
      <Shown of={metrics}>{(metrics) => <Charts metrics={metrics} />}</Shown>
      <div class="columns">
        <HalfFinished />
        <Shown of={metrics}>{(metrics) => <Alarms metrics={metrics} />}</Shown>
      </div>
    </>
  );
}

/** A number that not every database has given. */
const UNKNOWN = "not known: not every database has answered";
const known = (number: number | null) => (number === null ? UNKNOWN : count(number));

function rotation(keys: Schemas["Status"]["keys"]) {
  if (keys === null) return UNKNOWN;
  const [current, ...older] = keys;
  const toRewrap = older.reduce((sum, key) => sum + key.shares, 0);
  return toRewrap === 0
    ? `none under way: ${current?.id ?? "no key"} seals every share`
    : `${count(toRewrap)} shares are still to be sealed under ${current?.id}`;
}

function Figures({ status }: { status: Schemas["Status"] }) {
  const { scrub } = status;
  return (
    <section>
      <h2>Now</h2>
      <dl class="facts">
        <dt>Users</dt>
        <dd>{known(status.users)}</dd>
        <dt>Current shares</dt>
        <dd>{known(status.shares)}</dd>
        <dt>Key rotation</dt>
        <dd>
          {rotation(status.keys)}
          {status.wrongKeys.length > 0 && (
            <strong> A wrong key was deployed: {listed(status.wrongKeys)}. See docs/operations.md now.</strong>
          )}
          {status.unknownKeys.length > 0 && (
            <strong> Shares need keys that are not configured: {listed(status.unknownKeys)}. Put them back.</strong>
          )}
        </dd>
        <dt>Scrub</dt>
        <dd>
          {scrub.at ? (
            <>
              {known(scrub.checked)} shares opened, the last <Ran at={scrub.at} />
            </>
          ) : scrub.checked === null ? (
            UNKNOWN
          ) : (
            "has not run yet"
          )}
          {scrub.failed !== null && scrub.failed > 0 && (
            <strong> {count(scrub.failed)} do not open: see docs/operations.md now.</strong>
          )}
        </dd>
        <SecondCopy status={status} />
      </dl>
    </section>
  );
}

/** The schedule runs every quarter of an hour at least: after four times it is not late, it stands. */
const STANDS_AFTER_MS = 60 * 60 * 1_000;

/** When the schedule last did a thing. */
function Ran({ at }: { at: string }) {
  const stands = Date.now() - Date.parse(at) > STANDS_AFTER_MS;
  return (
    <>
      <Time at={at} />
      {stands && (
        <strong> (more than an hour ago: the schedule does not run. See scrub.at in docs/operations.md now)</strong>
      )}
    </>
  );
}

/** The second copy's lag; nothing where no bucket is bound. */
function SecondCopy({ status: { copy, shares } }: { status: Schemas["Status"] }) {
  if (copy === undefined) return null;
  const { checked, missing, unopened } = copy.sampled;
  const isSound = missing + unopened === 0;
  return (
    <>
      <dt>Second copy</dt>
      <dd>
        {copy.pending > 0
          ? `${count(copy.pending)} changes wait, the oldest for ${count(copy.lagSeconds)} s`
          : shares === null
            ? UNKNOWN
            : isSound
              ? "has every change"
              : "no change waits"}
        {!isSound && (
          <strong>
            {" "}
            Of {count(checked)} shares that the schedule looked up there, {count(missing)} were missing and{" "}
            {count(unopened)} did not open. See docs/second-copy.md now: npm run copy -- verify says what is still so.
          </strong>
        )}
      </dd>
    </>
  );
}

const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

function Databases({ metrics }: { metrics: Metrics }) {
  return (
    <section>
      <h2>Databases</h2>
      {metrics.databases.map(({ name, bytes, limitBytes, fullOn }) => (
        <div key={name} class="database">
          <p>
            <strong>{name}</strong>: {mebibytes(bytes)} of {mebibytes(limitBytes)}
          </p>
          <meter aria-label={`How full ${name} is`} min={0} max={limitBytes} high={limitBytes * 0.8} value={bytes} />
          <p class="quiet">{fullOn ? `At the present growth it is full on ${day(fullOn)}.` : "It does not grow."}</p>
        </div>
      ))}
    </section>
  );
}

function Charts({ metrics }: { metrics: Metrics }) {
  const days = useMemo(() => metrics.days.map((entry) => entry.day), [metrics]);
  const use = useMemo(
    () => [
      { name: "Backups", values: metrics.days.map((entry) => entry.backups) },
      { name: "Recoveries", values: metrics.days.map((entry) => entry.recoveries) },
    ],
    [metrics],
  );
  const refused = useMemo(
    () => [{ name: "Refused credentials", values: metrics.days.map((entry) => entry.refusedCredentials) }],
    [metrics],
  );
  return (
    <section>
      <h2>The last {DAYS} days</h2>
      <p class="quiet">
        {metrics.countedAt ? (
          <>
            Counted by the schedule, the last time <Ran at={metrics.countedAt} />.
          </>
        ) : (
          "The schedule has not counted yet."
        )}
      </p>
      <Chart title="Backups and recoveries a day" days={days} series={use} />
      <Chart title="Refused credentials a day" days={days} series={refused} />
    </section>
  );
}

function Alarms({ metrics }: { metrics: Metrics }) {
  return (
    <section>
      <h2>Alarms of the last week</h2>
      {metrics.alarms.length === 0 ? (
        <p>None.</p>
      ) : (
        <ul>
          {metrics.alarms.map((alarm) => (
            <li key={`${alarm.day} ${alarm.message}`}>
              {alarm.message}{" "}
              <span class="quiet">
                ({count(alarm.count)} on {day(alarm.day)})
              </span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
