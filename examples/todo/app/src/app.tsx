// The page: one list, which all windows share. What is shown is what the engine says; a change appears when its event arrives.
import { useCallback, useRef, useState } from 'react'
import { ConnectionBadge, type Health } from './components/connection-badge'
import { TodoFooter, type Filter } from './components/todo-footer'
import { TodoForm } from './components/todo-form'
import { TodoList } from './components/todo-list'
import { TodoSource, type Todos } from './components/todo-source'
import { useConnection, type Connection } from './hooks/use-connection'

interface Problem {
  readonly text: string
  /** Only what can be repeated without the user's input. */
  readonly canRetry: boolean
}

export function App() {
  const connection = useConnection()
  const [retries, setRetries] = useState(0)
  const [loaded, setLoaded] = useState<{ readonly by: string; readonly todos: Todos }>()
  const [problem, setProblem] = useState<Problem>()
  /** Changes that were asked for and not answered yet. */
  const [underWay, setUnderWay] = useState(0)
  const [filter, setFilter] = useState<Filter>('all')
  const inputRef = useRef<HTMLInputElement>(null)

  const sourceKey = `${connection.reopened}/${retries}`
  const todos = loaded?.todos
  const isLive = connection.isOpen && loaded?.by === sourceKey

  const load = useCallback(
    (todos: Todos): void => {
      setLoaded({ by: sourceKey, todos })
      setProblem((before) => (before?.canRetry ? undefined : before))
    },
    [sourceKey],
  )
  const failToLoad = useCallback((reason: unknown): void => {
    setProblem({ text: `The list can't be loaded. ${messageOf(reason)}`, canRetry: true })
  }, [])

  const attempt = async (whatFailed: string, change: Promise<void> | undefined): Promise<boolean> => {
    setUnderWay((count) => count + 1)
    try {
      await change
      setProblem(undefined)
      return true
    } catch (reason) {
      setProblem({ text: `${whatFailed} ${messageOf(reason)}`, canRetry: false })
      return false
    } finally {
      setUnderWay((count) => count - 1)
    }
  }

  return (
    <main>
      <TodoSource key={sourceKey} onTodos={load} onFailure={failToLoad} />
      <header>
        <h1>Todos</h1>
        <ConnectionBadge health={healthOf(connection, isLive, todos !== undefined)} />
      </header>
      <section className="card" aria-busy={todos === undefined}>
        <TodoForm
          inputRef={inputRef}
          isReady={todos !== undefined}
          onAdd={(title) => attempt(`“${title}” was not added.`, todos?.addTodo(title))}
        />
        {todos && !isLive && underWay > 0 && (
          <p className="waiting">Your changes are sent as soon as the connection is back.</p>
        )}
        {problem && (
          <div className="problem" role="alert">
            <p>{problem.text}</p>
            <button type="button" onClick={() => (setProblem(undefined), problem.canRetry && setRetries(retries + 1))}>
              {problem.canRetry ? 'Try again' : 'Dismiss'}
            </button>
          </div>
        )}
        {todos === undefined ? (
          !problem && <p className="loading">Loading the list…</p>
        ) : (
          <>
            <TodoList
              todos={todos.todos}
              filter={filter}
              inputRef={inputRef}
              onToggle={(id) => attempt('The todo was not changed.', todos.toggleTodo(id))}
              onDelete={(id) => attempt('The todo was not deleted.', todos.deleteTodo(id))}
            />
            {todos.todos.length > 0 && (
              <TodoFooter
                remaining={todos.remaining}
                completedCount={todos.completedCount}
                filter={filter}
                onFilter={setFilter}
                onClear={() => void attempt('Not all todos were deleted.', todos.clearCompleted())}
              />
            )}
          </>
        )}
      </section>
      <p className="hint">Open this page in a second window: each follows what the other does.</p>
    </main>
  )
}

function healthOf({ isOver, isOpen }: Connection, isLive: boolean, wasLive: boolean): Health {
  if (isOver) return 'over'
  if (isLive) return 'live'
  return isOpen || !wasLive ? 'connecting' : 'offline'
}

function messageOf(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason)
}
