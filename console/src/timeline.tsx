// The timeline: every version as a mark, mates joined by lines, what Portal and the app would be given now filled.

import { useState } from "preact/hooks";

import { type Timeline, type Version, answered, api } from "./api";
import { COLUMN_PX, type Drawing, LANE_PX, type Mark, drawings, givenKeys, keyOf } from "./lanes";
import { useLoaded } from "./state";
import { Shown } from "./ui";
import { VersionPanel } from "./version";
import { clock, shortDay } from "./words";

const PER_PAGE = 200;

export function TimelineView({ id, first, changed }: { id: string; first: Timeline; changed: () => void }) {
  // The cursors of the pages that were left behind: the last one leads to the page shown, none to the first.
  const [cursors, setCursors] = useState<string[]>([]);
  const [selected, setSelected] = useState<string>();
  const cursor = cursors.at(-1);
  const page = useLoaded(`${id} ${cursor ?? ""} ${first.given.join()}`, async () =>
    cursor === undefined
      ? first
      : answered(
          api.GET("/users/{userId}/timeline", {
            params: { path: { userId: id }, query: { limit: PER_PAGE, cursor } },
          }),
        ),
  );
  return (
    <section aria-labelledby="timeline">
      <h2 id="timeline">Timeline</h2>
      <Shown of={page}>
        {(timeline) => {
          const versions = [...timeline.versions, ...timeline.named];
          const next = timeline.cursor;
          const chosen = versions.find((version) => keyOf(version) === selected);
          const given = givenKeys(timeline.given, versions);
          return (
            <>
              {versions.length === 0 ? <p>Nothing was ever stored.</p> : <Legend />}
              {drawings(versions).map((drawing) => (
                <Lanes key={drawing.method} drawing={drawing} given={given} selected={selected} select={setSelected} />
              ))}
              {(next || cursors.length > 0) && (
                <p class="buttons">
                  {next && (
                    <button type="button" onClick={() => setCursors([...cursors, next])}>
                      Older versions
                    </button>
                  )}
                  {cursors.length > 0 && (
                    <button type="button" onClick={() => setCursors(cursors.slice(0, -1))}>
                      Newer versions
                    </button>
                  )}
                </p>
              )}
              {chosen && (
                <VersionPanel
                  key={selected}
                  id={id}
                  version={chosen}
                  changed={changed}
                  close={() => setSelected(undefined)}
                />
              )}
            </>
          );
        }}
      </Shown>
    </section>
  );
}

function Legend() {
  return (
    <ul class="legend">
      <li>
        <span class="mark given" aria-hidden="true" /> given now: to Portal if it is a custodian share, to the app if it
        is a cipher text
      </li>
      <li>
        <span class="mark current" aria-hidden="true" /> current
      </li>
      <li>
        <span class="mark" aria-hidden="true" /> superseded, can be restored
      </li>
      <li>
        <span class="line" aria-hidden="true" /> belong together
      </li>
    </ul>
  );
}

interface LanesProps {
  drawing: Drawing;
  /** The keys of the versions that are given now. */
  given: ReadonlySet<string>;
  selected: string | undefined;
  select: (key: string) => void;
}

const middle = (index: number, size: number) => index * size + size / 2;
const at = ({ column, lane }: Mark) => ({ x: middle(column, COLUMN_PX), y: middle(lane, LANE_PX) });

function Lanes({ drawing: { method, lanes, marks, lines }, given, selected, select }: LanesProps) {
  const width = marks.length * COLUMN_PX;
  const height = lanes.length * LANE_PX;
  const isGiven = (version: Version) => given.has(keyOf(version));
  const byTime = [...marks];
  // One stop of the Tab key for each drawing; the arrow keys go from mark to mark in the order of time.
  const stop = byTime.find(({ version }) => keyOf(version) === selected) ?? byTime.at(-1);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    const box = event.currentTarget as HTMLElement;
    const buttons = [...box.querySelectorAll("button")];
    const now = buttons.indexOf(document.activeElement as HTMLButtonElement);
    const to =
      event.key === "Home" ? 0 : event.key === "End" ? buttons.length - 1 : step === undefined ? -1 : now + step;
    const button = buttons[to];
    if (button === undefined) return;
    event.preventDefault();
    button.focus();
    button.scrollIntoView({ block: "nearest", inline: "nearest" });
  };
  return (
    <figure class="timeline">
      <figcaption>{method}</figcaption>
      <div class="lanes">
        <ul class="lane-names" aria-hidden="true">
          {lanes.map((name) => (
            <li key={name} style={{ height: `${LANE_PX}px` }}>
              {name}
            </li>
          ))}
        </ul>
        <div class="track" ref={showEnd}>
          <div
            class="drawing"
            role="toolbar"
            aria-label={`Versions of ${method}, the oldest first`}
            style={{ width: `${width}px`, height: `${height}px` }}
            onKeyDown={move}
          >
            <svg width={width} height={height} aria-hidden="true">
              {lanes.map((name, lane) => (
                <line key={name} class="lane" x1={0} x2={width} y1={middle(lane, LANE_PX)} y2={middle(lane, LANE_PX)} />
              ))}
              {lines.map(({ from, to }) => (
                <path
                  key={`${keyOf(from.version)} ${keyOf(to.version)}`}
                  class={isGiven(from.version) && isGiven(to.version) ? "mates given" : "mates"}
                  d={curve(at(from), at(to))}
                />
              ))}
            </svg>
            {marks.map((mark) => {
              const { version } = mark;
              const { x, y } = at(mark);
              const kinds = ["mark", version.supersededAt === null && "current", isGiven(version) && "given"];
              return (
                <button
                  key={keyOf(version)}
                  type="button"
                  class={kinds.filter(Boolean).join(" ")}
                  aria-label={spoken(version, isGiven(version))}
                  aria-pressed={keyOf(version) === selected}
                  title={`${version.backupMethod}, ${clock(version.storedAt)}`}
                  tabIndex={mark.version === stop?.version ? 0 : -1}
                  style={{ left: `${x}px`, top: `${y}px` }}
                  onClick={() => select(keyOf(version))}
                />
              );
            })}
          </div>
          <Dates marks={marks} />
        </div>
      </div>
    </figure>
  );
}

type Point = { x: number; y: number };
/** Bent, so that one that passes another mark is told from one that ends there. */
const curve = (a: Point, b: Point) => `M${a.x} ${a.y} Q${a.x} ${b.y} ${b.x} ${b.y}`;

/** The newest versions are at the right: that end is seen first. */
function showEnd(box: HTMLElement | null) {
  if (box === null || box.dataset.shown === "") return;
  box.dataset.shown = "";
  box.scrollLeft = box.scrollWidth;
}

/** The days below the marks: one where the day changes, and where there is room for it. */
function Dates({ marks }: { marks: readonly Mark[] }) {
  let last = Number.NEGATIVE_INFINITY;
  let day = "";
  const shown = marks.filter(({ version, column }) => {
    const today = shortDay(version.storedAt);
    if (today === day || column - last < 2) return false;
    day = today;
    last = column;
    return true;
  });
  return (
    <div class="dates" aria-hidden="true">
      {shown.map(({ version, column }) => (
        <span key={keyOf(version)} style={{ left: `${column * COLUMN_PX}px` }}>
          {shortDay(version.storedAt)}
        </span>
      ))}
    </div>
  );
}

function spoken({ kind, backupMethod, storedAt, supersededAt }: Version, given: boolean): string {
  const what = kind === "user" ? "Cipher text" : "Custodian share";
  const state = supersededAt === null ? "current" : `superseded ${clock(supersededAt)}`;
  const who = kind === "user" ? "the app" : "Portal";
  return `${what} ${backupMethod}, stored ${clock(storedAt)}, ${state}${given ? `, given to ${who} now` : ""}`;
}
