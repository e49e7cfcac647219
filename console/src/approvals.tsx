// What waits for a second operator.

import { useContext, useEffect, useState } from "preact/hooks";

import { type Schemas, answered, api } from "./api";
import { OperatorContext, atLeast, personLink, useAction, usePages } from "./state";
import { Failed, More, Shown, Time } from "./ui";

type Approval = Schemas["Approval"];

const LOOK_AGAIN_MS = 60_000;

const list = (cursor: { cursor?: string } = {}) => answered(api.GET("/approvals", { params: { query: cursor } }));

/** How many wait: looked at with every view, and once a minute. */
export function useWaiting(view: string): number {
  const [count, setCount] = useState(0);
  useEffect(() => {
    let gone = false;
    const look = () =>
      list().then(
        ({ approvals }) => gone || setCount(approvals.length),
        () => {}, // The view itself says what fails.
      );
    void look();
    const timer = setInterval(look, LOOK_AGAIN_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [view]);
  return count;
}

export function Approvals() {
  const waiting = usePages("approvals", async (cursor) => {
    const page = await list(cursor);
    return { items: page.approvals, cursor: page.cursor };
  });
  return (
    <>
      <h1>Approvals</h1>
      <p>These requests are carried out when another operator, of at least the same role, approves them.</p>
      <Shown of={waiting.loaded}>
        {(approvals) =>
          approvals.length === 0 ? (
            <p>Nothing waits.</p>
          ) : (
            <ul class="cards">
              {approvals.map((approval) => (
                <Waiting key={approval.id} approval={approval} decided={waiting.loaded.again} />
              ))}
            </ul>
          )
        }
      </Shown>
      <More of={waiting} />
    </>
  );
}

const WHAT: Record<Approval["action"], string> = {
  eject: "Open an eject window",
  purge: "Purge",
  "client-api-key": "Replace the API key",
};

function Waiting({ approval, decided }: { approval: Approval; decided: () => void }) {
  const operator = useContext(OperatorContext);
  const { busy, failure, run } = useAction();
  const path = { params: { path: { approvalId: approval.id } } };
  const own = approval.requestedBy.toLowerCase() === operator.name.toLowerCase();
  const approve = () =>
    run(async () => {
      await answered(api.POST("/approvals/{approvalId}", path));
      decided();
    });
  const refuse = () =>
    run(async () => {
      await answered(api.DELETE("/approvals/{approvalId}", path));
      decided();
    });
  return (
    <li class="card">
      <h2>
        {WHAT[approval.action]}: <a href={personLink(approval.userId)}>{approval.userId}</a>
      </h2>
      <dl class="facts">
        {approval.minutes !== null && (
          <>
            <dt>Open for</dt>
            <dd>{approval.minutes} min</dd>
          </>
        )}
        {approval.clientId !== null && (
          <>
            <dt>Portal client</dt>
            <dd>{approval.clientId}</dd>
          </>
        )}
        <dt>Asked by</dt>
        <dd>
          {approval.requestedBy} ({approval.role})
        </dd>
        <dt>Asked</dt>
        <dd>
          <Time at={approval.requestedAt} />
        </dd>
        <dt>Ends</dt>
        <dd>
          <Time at={approval.expiresAt} />
        </dd>
        {approval.reason && (
          <>
            <dt>Reason</dt>
            <dd>{approval.reason}</dd>
          </>
        )}
      </dl>
      {failure && <Failed failure={failure} />}
      {!atLeast(operator, approval.role) ? (
        <p class="quiet">It takes the role {approval.role} to decide this.</p>
      ) : (
        <p class="buttons">
          {own ? (
            <span class="quiet">Nobody approves their own request.</span>
          ) : (
            <button type="button" class="main" disabled={busy} onClick={() => void approve()}>
              Approve
            </button>
          )}
          <button type="button" disabled={busy} onClick={() => void refuse()}>
            {own ? "Withdraw" : "Refuse"}
          </button>
        </p>
      )}
    </li>
  );
}
