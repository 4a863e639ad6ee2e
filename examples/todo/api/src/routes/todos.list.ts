import { fn } from '../lib/decorators.ts'
import { type Todo, todosStream } from './todos.stream.ts'

export const listTodos = fn(
  'todos::list',
  async (): Promise<{ items: Todo[] }> => {
    return { items: await todosStream.list({ group_id: 'todos' }) }
  },
  { description: 'List all todos, the oldest first' },
)
