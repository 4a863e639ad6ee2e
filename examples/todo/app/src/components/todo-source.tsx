// Runs `useTodos` and passes on what it gives, from the moment on in which the list is there. It shows nothing itself: with another
// `key` it starts anew, reads the list again and subscribes again, while the page keeps what it shows and where the focus is.
import { useEffect, useRef } from 'react'
import { useTodos } from '../hooks/use-todos'

export type Todos = ReturnType<typeof useTodos>

interface Props {
  readonly onTodos: (todos: Todos) => void
  readonly onFailure: (reason: unknown) => void
}

export function TodoSource({ onTodos, onFailure }: Props) {
  const todos = useTodos()
  const beforeLoading = useRef(todos.todos)
  const isLoaded = todos.todos !== beforeLoading.current

  useEffect(() => {
    if (isLoaded) onTodos(todos)
    // `todos` is a new object each time; the list in it is not.
  }, [isLoaded, todos.todos, onTodos])

  // The hook leaves it to the page to notice that its first call failed.
  useEffect(() => {
    if (isLoaded) return
    const fail = (event: PromiseRejectionEvent): void => {
      event.preventDefault()
      onFailure(event.reason)
    }
    window.addEventListener('unhandledrejection', fail)
    return () => window.removeEventListener('unhandledrejection', fail)
  }, [isLoaded, onFailure])

  return null
}
