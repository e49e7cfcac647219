// The small parts that every view is made of.

import type { ComponentChildren, InputHTMLAttributes } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

import type { Failure } from "./api";
import type { Loaded, Pages } from "./state";
import { clock } from "./words";

export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={at}>
      {clock(at)}
    </time>
  );
}

/** What failed, and the offer to try again. */
export function Failed({ failure, again }: { failure: Failure; again?: () => void }) {
  return (
    <div class="failed" role="alert">
      <p>
        <strong>That failed.</strong> {failure.message}
      </p>
      {failure.requestId && (
        <p class="quiet">
          Request <code>{failure.requestId}</code>
        </p>
      )}
      {again && (
        <button type="button" onClick={again}>
          Try again
        </button>
      )}
    </div>
  );
}

/** A call's answer, or that it is awaited, or that it failed. */
export function Shown<T>({ of, children }: { of: Loaded<T>; children: (data: T) => ComponentChildren }) {
  if (of.failure) return <Failed failure={of.failure} again={of.again} />;
  if (of.data === undefined) return <p role="status">Loading…</p>;
  return <>{children(of.data)}</>;
}

/** The end of a list that has more pages. */
export function More({ of, name = "More" }: { of: Pages<unknown>; name?: string }) {
  if (of.more === undefined) return null;
  return (
    <button type="button" onClick={of.more}>
      {name}
    </button>
  );
}

export function Field({
  label,
  hint,
  ...input
}: { label: string; hint?: string } & InputHTMLAttributes<HTMLInputElement>) {
  const id = useId();
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <input
        id={id}
        autocomplete="off"
        spellcheck={false}
        aria-describedby={hint ? `${id}-hint` : undefined}
        {...input}
      />
      {hint && (
        <span id={`${id}-hint`} class="quiet">
          {hint}
        </span>
      )}
    </p>
  );
}

export function Select({
  label,
  value,
  options,
  onChange,
}: {
  label: string;
  value: string;
  /** Each with what is shown of it. */
  options: readonly (readonly [string, string])[];
  onChange: (value: string) => void;
}) {
  const id = useId();
  return (
    <p class="field">
      <label for={id}>{label}</label>
      <select id={id} value={value} onChange={(event) => onChange(event.currentTarget.value)}>
        {options.map(([value, text]) => (
          <option key={value} value={value}>
            {text}
          </option>
        ))}
      </select>
    </p>
  );
}

/** A modal dialog: the browser keeps the focus in it, and Escape closes it. */
export function Dialog({
  title,
  stays = false,
  onClose,
  children,
}: {
  title: string;
  /** While something is under way: closing would not take it back, and would hide what came of it. */
  stays?: boolean;
  onClose: () => void;
  children: ComponentChildren;
}) {
  const dialog = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    dialog.current?.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onCancel={(event) => {
        if (stays) event.preventDefault();
      }}
      onClose={onClose}
    >
      <h2 id={id}>{title}</h2>
      {children}
    </dialog>
  );
}

/** A wide or long part that scrolls by itself, with the keyboard too. */
export function Scroll({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must take the focus, or the keyboard cannot scroll it
    <section class="scroll" aria-label={label} tabIndex={0}>
      {children}
    </section>
  );
}

/** A secret that is shown once: it leaves the page with this element. */
export function Secret({ name, value }: { name: string; value: string }) {
  return (
    <div class="secret">
      <p>
        <strong>{name}</strong>, shown this once:
      </p>
      <code>{value}</code>
      <button type="button" onClick={() => void navigator.clipboard.writeText(value)}>
        Copy
      </button>
    </div>
  );
}
