// The reason of an action: optional, and kept in its audit event.

import { Field } from "./ui";

const MAX_CHARS = 256;

export function Reason({ value, onChange }: { value: string; onChange: (value: string) => void }) {
  return (
    <Field
      label="Reason"
      hint="Optional. It is kept in the audit trail: write no secret into it."
      maxLength={MAX_CHARS}
      value={value}
      onInput={(event) => onChange(event.currentTarget.value)}
    />
  );
}

/** The field of a request's body: left out where nothing was written. */
export const reasonOf = (text: string) => (text.trim() === "" ? {} : { reason: text.trim() });
