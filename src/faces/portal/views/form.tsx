import type { ComponentChildren } from 'preact'
import type { PageContext } from './layout.tsx'

interface FormProps {
  readonly page: PageContext
  readonly action: string
  readonly isUpload?: boolean
  readonly children: ComponentChildren
}

/** A form that only this page of this browser can send. */
export function Form({ page, action, isUpload, children }: FormProps) {
  return (
    <form
      method="post"
      action={action}
      encType={isUpload ? 'multipart/form-data' : undefined}
      noValidate
    >
      <input type="hidden" name="csrf" value={page.csrf} />
      {children}
    </form>
  )
}

interface FieldProps {
  readonly name: string
  readonly label: string
  readonly hint?: string | undefined
  /** What is wrong with what was entered. */
  readonly problem?: string | undefined
  readonly children: (attributes: ControlAttributes) => ComponentChildren
}

export interface ControlAttributes {
  readonly id: string
  readonly name: string
  readonly 'aria-describedby': string | undefined
  readonly 'aria-invalid': 'true' | undefined
}

/** A control with its label, its hint and what is wrong with it. */
export function Field({ name, label, hint, problem, children }: FieldProps) {
  const ids = [hint && `${name}-hint`, problem && `${name}-problem`].filter(Boolean).join(' ')
  return (
    <div class="field">
      <label for={name}>{label}</label>
      {hint && (
        <p class="hint" id={`${name}-hint`}>
          {hint}
        </p>
      )}
      {problem && (
        <p class="problem" id={`${name}-problem`}>
          {problem}
        </p>
      )}
      {children({
        id: name,
        name,
        'aria-describedby': ids || undefined,
        'aria-invalid': problem ? 'true' : undefined,
      })}
    </div>
  )
}

interface ChoiceProps {
  readonly name: string
  readonly value: string
  readonly isChosen: boolean
  readonly children: ComponentChildren
}

/** One of several things to choose from, as large as a thumb. */
export function Choice({ name, value, isChosen, children }: ChoiceProps) {
  return (
    <label class="choice">
      <input type="radio" name={name} value={value} checked={isChosen} />
      <span>{children}</span>
    </label>
  )
}
