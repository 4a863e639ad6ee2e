import { useState } from 'react'
import type { Todo } from '../hooks/use-todos'

interface Props {
  readonly todo: Todo
  readonly onToggle: (id: string) => Promise<unknown>
  readonly onDelete: (id: string) => Promise<unknown>
}

/** The element that is given the focus when the todo before it is gone. */
export const deleteButtonId = (id: string): string => `delete-${id}`

export function TodoItem({ todo, onToggle, onDelete }: Props) {
  const [underWay, setUnderWay] = useState(0)
  const run = async (change: (id: string) => Promise<unknown>): Promise<void> => {
    setUnderWay((count) => count + 1)
    await change(todo.id)
    setUnderWay((count) => count - 1)
  }

  return (
    <li className="todo" data-completed={todo.completed} aria-busy={underWay > 0}>
      <label>
        <input type="checkbox" checked={todo.completed} onChange={() => void run(onToggle)} />
        <span className="title">{todo.title}</span>
      </label>
      <button
        id={deleteButtonId(todo.id)}
        type="button"
        className="delete"
        aria-label={`Delete “${todo.title}”`}
        title="Delete"
        onClick={() => void run(onDelete)}
      >
        <svg viewBox="0 0 16 16" aria-hidden="true">
          <path d="m4 4 8 8m0-8-8 8" />
        </svg>
      </button>
    </li>
  )
}
