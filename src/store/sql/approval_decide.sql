-- approval_decide(?1 id, ?2 decision, ?3 operator, ?4 rank of their role, ?5 event id)
-- The approval of what was asked for another client, or for nobody, finds no request: the id has been registered anew, or its user
-- restored, since. So it is of a user who is deleted, but for a purge: who comes back finds the request.
INSERT INTO approval_decisions (id, decision, decided_by, role_rank, decision_id)
SELECT iif(?2 = 'approved' AND EXISTS (
      SELECT 1
      FROM approvals a
      LEFT JOIN users u ON u.id = a.user_id
      WHERE a.id = ?1
        AND u.client_id IS NOT a.parameters ->> 'of'
        AND (u.id IS NOT NULL OR a.action <> 'purge')),
    '', ?1),
  ?2, ?3, ?4, ?5
