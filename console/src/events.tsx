// The audit trail of one person, the newest first.

import { useState } from "preact/hooks";

import { type AuditEvent, answered, api } from "./api";
import { useLoaded } from "./state";
import { Scroll, Shown, Time } from "./ui";

const PER_PAGE = 25;

export function Events({ id }: { id: string }) {
  const [before, setBefore] = useState<AuditEvent[]>([]);
  const [cursor, setCursor] = useState<string>();
  const page = useLoaded(`${id} ${cursor ?? ""}`, () =>
    answered(
      api.GET("/audit", {
        params: { query: { userId: id, limit: PER_PAGE, ...(cursor === undefined ? {} : { cursor }) } },
      }),
    ),
  );
  const events = [...before, ...(page.data?.events ?? [])];
  const next = page.data?.cursor;
  return (
    <section aria-labelledby="events">
      <h2 id="events">What happened</h2>
      <EventTable events={events} />
      <Shown of={page}>
        {() =>
          next ? (
            <button
              type="button"
              onClick={() => {
                setBefore(events);
                setCursor(next);
              }}
            >
              Older events
            </button>
          ) : (
            events.length === 0 && <p>No event is kept.</p>
          )
        }
      </Shown>
    </section>
  );
}

const words = (name: string) => name.replaceAll("_", " ");

function EventTable({ events }: { events: AuditEvent[] }) {
  if (events.length === 0) return null;
  return (
    <Scroll label="Events">
      <table>
        <thead>
          <tr>
            <th scope="col">When</th>
            <th scope="col">Who</th>
            <th scope="col">What</th>
            <th scope="col">Method</th>
            <th scope="col">Outcome</th>
            <th scope="col">Reason</th>
            <th scope="col">From</th>
          </tr>
        </thead>
        <tbody>
          {events.map((event) => (
            <tr key={event.id}>
              <td>
                <Time at={event.at} />
              </td>
              <td>
                {event.operator ?? event.actor}
                {event.approvedBy && `, approved by ${event.approvedBy}`}
              </td>
              <td>{words(event.action)}</td>
              <td>{event.backupMethod}</td>
              <td>{words(event.outcome)}</td>
              <td>{event.reason}</td>
              <td>{event.sourceAddress}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}
