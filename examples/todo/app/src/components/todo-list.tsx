import type { RefObject } from 'react'
import type { Todo } from '../hooks/use-todos'
import type { Filter } from './todo-footer'
import { deleteButtonId, TodoItem } from './todo-item'

interface Props {
  readonly todos: readonly Todo[]
  readonly filter: Filter
  /** Gets the focus when the last todo that is shown is deleted. */
  readonly inputRef: RefObject<HTMLInputElement | null>
  readonly onToggle: (id: string) => Promise<boolean>
  readonly onDelete: (id: string) => Promise<boolean>
}

const NOTHING: Readonly<Record<Filter, readonly [string, string]>> = {
  all: ['Nothing to do', 'Write the first todo in the field above.'],
  open: ['All done', 'No todo is open.'],
  done: ['Nothing done yet', 'Todos that you tick are kept here.'],
}

export function TodoList({ todos, filter, inputRef, onToggle, onDelete }: Props) {
  const shown = todos.filter(({ completed }) => filter === 'all' || completed === (filter === 'done'))

  if (shown.length === 0) {
    const [title, hint] = NOTHING[filter]
    return (
      <div className="empty">
        <svg viewBox="0 0 32 32" aria-hidden="true">
          <circle cx="16" cy="16" r="13" />
          <path d="m10.5 16.5 4 4 7.5-8.5" />
        </svg>
        <h2>{title}</h2>
        <p>{hint}</p>
      </div>
    )
  }

  const remove = async (id: string): Promise<void> => {
    const index = shown.findIndex((todo) => todo.id === id)
    const neighbour = shown[index + 1] ?? shown[index - 1]
    const button = document.getElementById(deleteButtonId(id))
    if (!(await onDelete(id))) return
    // The button that had the focus is gone, or will be as soon as the change has come back.
    if (document.activeElement !== document.body && document.activeElement !== button) return
    const next = neighbour && document.getElementById(deleteButtonId(neighbour.id))
    ;(next ?? inputRef.current)?.focus()
  }

  return (
    <ul className="todos" aria-label="Todos">
      {shown.map((todo) => (
        <TodoItem key={todo.id} todo={todo} onToggle={onToggle} onDelete={remove} />
      ))}
    </ul>
  )
}
