// What every view uses: a call's state, and the view that the address names.

import { createContext } from "preact";
import { useCallback, useContext, useEffect, useRef, useState } from "preact/hooks";

import { Failure, type Operator, type Role } from "./api";

/** Who is signed in; set by the app before any other view is drawn. */
export const OperatorContext = createContext<Operator>({
  name: "",
  role: "viewer",
  fourEyes: [],
  warnings: [],
  homes: [],
});

const RANKS: Record<Role, number> = { viewer: 0, support: 1, admin: 2 };
export const atLeast = (operator: Operator, role: Role) => RANKS[operator.role] >= RANKS[role];
export const useMay = (role: Role) => atLeast(useContext(OperatorContext), role);

export interface Loaded<T> {
  data: T | undefined;
  failure: Failure | undefined;
  loading: boolean;
  again: () => void;
}

const asFailure = (error: unknown) => (error instanceof Failure ? error : new Failure(String(error), 0, null));

/** Calls `load` at first and whenever `key` changes; an answer that was overtaken by a later call is dropped. */
export function useLoaded<T>(key: string, load: () => Promise<T>): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; failure?: Failure; loading: boolean }>({
    key,
    loading: true,
  });
  const turn = useRef(0);
  const again = useCallback(() => {
    const mine = ++turn.current;
    setState((old) => (old.key === key && old.data !== undefined ? { ...old, loading: true } : { key, loading: true }));
    const settle = (next: { data?: T; failure?: Failure }) => {
      if (turn.current === mine) setState({ key, loading: false, ...next });
    };
    load().then(
      (data) => settle({ data }),
      (error) => settle({ failure: asFailure(error) }),
    );
  }, [key]);
  useEffect(() => {
    again();
    return () => {
      turn.current++;
    };
  }, [again]);
  const current = state.key === key ? state : { loading: true, data: undefined, failure: undefined };
  return { data: current.data, failure: current.failure, loading: current.loading, again };
}

export interface Pages<T> {
  loaded: Loaded<readonly T[]>;
  /** Shows the next page too; undefined at the end. */
  more: (() => void) | undefined;
}

/** A list that grows by a page when more is asked for. */
export function usePages<T>(
  key: string,
  load: (cursor: { cursor?: string }) => Promise<{ items: readonly T[]; cursor: string | null }>,
): Pages<T> {
  const [before, setBefore] = useState<readonly T[]>([]);
  const [cursor, setCursor] = useState<string>();
  const page = useLoaded(`${key} ${cursor ?? ""}`, () => load(cursor === undefined ? {} : { cursor }));
  const items = page.data ? [...before, ...page.data.items] : before.length > 0 ? before : undefined;
  const next = page.data?.cursor;
  const again = () => {
    // Of a page that failed it is this one that is asked for again, of a list that has changed all of it.
    if (page.failure !== undefined || cursor === undefined) return page.again();
    setBefore([]);
    setCursor(undefined);
  };
  return {
    loaded: { ...page, data: items, again },
    more: next
      ? () => {
          setBefore(items ?? []);
          setCursor(next);
        }
      : undefined,
  };
}

/** An action under way: at most one at a time, and its failure. */
export function useAction(): {
  busy: boolean;
  failure: Failure | undefined;
  run: (action: () => Promise<void>) => Promise<void>;
} {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<Failure>();
  const run = async (action: () => Promise<void>) => {
    if (busy) return;
    setBusy(true);
    setFailure(undefined);
    try {
      await action();
    } catch (error) {
      setFailure(asFailure(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, run };
}

export type View = { name: "find" } | { name: "person"; id: string } | { name: "whole" } | { name: "approvals" };

const viewOf = (hash: string): View => {
  const [, name, id] = hash.split("/");
  if (name === "users" && id) return { name: "person", id: decodeURIComponent(id) };
  if (name === "whole" || name === "approvals") return { name };
  return { name: "find" };
};
export const personLink = (id: string) => `#/users/${encodeURIComponent(id)}`;

/** The view behind the address's `#`: only ids of users stand there, and the browser sends it to no server. */
export function useView(): View {
  const [hash, setHash] = useState(location.hash);
  useEffect(() => {
    const changed = () => setHash(location.hash);
    addEventListener("hashchange", changed);
    changed(); // it may have changed since it was drawn: an effect runs after that
    return () => removeEventListener("hashchange", changed);
  }, []);
  try {
    return viewOf(hash);
  } catch {
    return { name: "find" };
  }
}

/** The time now, again every second. */
export function useNow(): number {
  const [now, setNow] = useState(Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
