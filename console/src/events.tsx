// The audit trail of one person, the newest first.

import { type AuditEvent, answered, api } from "./api";
import { usePages } from "./state";
import { More, Scroll, Shown, Time } from "./ui";

const PER_PAGE = 25;

export function Events({ id }: { id: string }) {
  const events = usePages(id, async (cursor) => {
    const query = { userId: id, limit: PER_PAGE, ...cursor };
    const page = await answered(api.GET("/audit", { params: { query } }));
    return { items: page.events, cursor: page.cursor };
  });
  return (
    <section aria-labelledby="events">
      <h2 id="events">What happened</h2>
      <EventTable events={events.loaded.data ?? []} />
      <Shown of={events.loaded}>{(shown) => shown.length === 0 && <p>No event is kept.</p>}</Shown>
      <More of={events} name="Older events" />
    </section>
  );
}

const words = (name: string) => name.replaceAll("_", " ");

function EventTable({ events }: { events: readonly AuditEvent[] }) {
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
