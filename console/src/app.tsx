// The frame: who is signed in, and which view is shown.

import { useEffect, useState } from "preact/hooks";

import { type Operator, answered, api, useToken } from "./api";
import { Approvals, useWaiting } from "./approvals";
import { Find } from "./find";
import { Person } from "./person";
import { SignIn } from "./sign-in";
import { OperatorContext, type View, useView } from "./state";
import { Whole } from "./whole";

export function App() {
  const [operator, setOperator] = useState<Operator>();
  const [ended, setEnded] = useState(false);
  const signOut = () => {
    useToken("", () => {});
    setOperator(undefined);
  };
  const signIn = async (token: string) => {
    useToken(token, () => {});
    const who = await answered(api.GET("/admin/me"));
    setEnded(false);
    useToken(token, () => {
      setEnded(true);
      signOut();
    });
    setOperator(who);
  };
  if (operator === undefined) return <SignIn signIn={signIn} ended={ended} />;
  return (
    <OperatorContext.Provider value={operator}>
      <Frame operator={operator} signOut={signOut} />
    </OperatorContext.Provider>
  );
}

const TITLES: Record<View["name"], string> = {
  find: "Find a person",
  person: "A person",
  whole: "The whole",
  approvals: "Approvals",
};

function Frame({ operator, signOut }: { operator: Operator; signOut: () => void }) {
  const view = useView();
  const waiting = useWaiting(view.name);
  useEffect(() => {
    document.title = `${TITLES[view.name]} – Backups console`;
  }, [view.name]);
  const link = (name: View["name"], href: string, text: string) => (
    <a href={href} aria-current={view.name === name ? "page" : undefined}>
      {text}
    </a>
  );
  return (
    <>
      <header>
        <nav aria-label="Views">
          {link("find", "#/", "Find")}
          {link("whole", "#/whole", "The whole")}
          <span>
            {link("approvals", "#/approvals", "Approvals")}
            {waiting > 0 && (
              <span class="badge">
                {waiting}
                <span class="unseen"> waiting</span>
              </span>
            )}
          </span>
        </nav>
        <p class="who">
          {operator.name} <span class="quiet">({operator.role})</span>{" "}
          <button type="button" onClick={signOut}>
            Sign out
          </button>
        </p>
      </header>
      <main>
        {view.name === "find" && <Find />}
        {view.name === "person" && <Person key={view.id} id={view.id} />}
        {view.name === "whole" && <Whole />}
        {view.name === "approvals" && <Approvals />}
      </main>
    </>
  );
}
