// Signing in: with a token, or as whoever Cloudflare Access let in.

import type { TargetedEvent } from "preact";
import { useState } from "preact/hooks";

import { useAction } from "./state";
import { Failed, Field } from "./ui";

export function SignIn({ signIn, ended }: { signIn: (token: string) => Promise<void>; ended: boolean }) {
  const [token, setToken] = useState("");
  const { busy, failure, run } = useAction();
  const submit = (event: TargetedEvent<HTMLFormElement>) => {
    event.preventDefault();
    void run(() => signIn(token.trim()));
  };
  return (
    <main class="sign-in">
      <h1>Backups console</h1>
      {ended && <p role="status">You were signed out: the server no longer takes your credential.</p>}
      {failure && <Failed failure={failure} />}
      <form onSubmit={submit}>
        <Field
          label="Your operator token"
          hint="Kept in this tab's memory only: closing or reloading the tab forgets it."
          type="password"
          value={token}
          onInput={(event) => setToken(event.currentTarget.value)}
        />
        <p class="buttons">
          <button type="submit" class="main" disabled={busy || token.trim() === ""}>
            Sign in
          </button>
          <button type="button" disabled={busy} onClick={() => void run(() => signIn(""))}>
            Sign in with Cloudflare Access
          </button>
        </p>
      </form>
    </main>
  );
}
