import { fn } from '../lib/decorators.ts'
import { type Todo, todosStream } from './todos.stream.ts'

export const getTodo = fn(
  'todos::get',
  async ({ id }: { id: string }): Promise<Todo> => {
    const todo = await todosStream.get({ group_id: 'todos', item_id: id })
    if (!todo) throw new Error(`There is no todo ${id}: it has been deleted`)
    return todo
  },
  { description: 'Read one todo' },
)
