import { useState, type FormEvent, type RefObject } from 'react'

interface Props {
  readonly inputRef: RefObject<HTMLInputElement | null>
  readonly isReady: boolean
  /** Resolves to whether it worked: a text that could not be added comes back into the field. */
  readonly onAdd: (title: string) => Promise<boolean>
}

const MAX_TITLE = 200

export function TodoForm({ inputRef, isReady, onAdd }: Props) {
  const [draft, setDraft] = useState('')
  const title = draft.trim()
  const canAdd = isReady && title !== ''

  const submit = async (event: FormEvent): Promise<void> => {
    event.preventDefault()
    if (!canAdd) return
    setDraft('')
    if (!(await onAdd(title))) setDraft((now) => (now === '' ? title : now))
  }

  return (
    <form className="new" onSubmit={(event) => void submit(event)}>
      <input
        ref={inputRef}
        value={draft}
        onChange={(event) => setDraft(event.target.value)}
        aria-label="New todo"
        placeholder="What needs to be done?"
        maxLength={MAX_TITLE}
        enterKeyHint="done"
        autoComplete="off"
        autoFocus
      />
      <button type="submit" disabled={!canAdd}>
        Add
      </button>
    </form>
  )
}
