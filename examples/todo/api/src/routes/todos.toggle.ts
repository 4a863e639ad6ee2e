import { fn } from '../lib/decorators.ts'
import { getTodo } from './todos.get.ts'
import { type Todo, todosStream } from './todos.stream.ts'

export const toggleTodo = fn(
  'todos::toggle',
  async ({ id }: { id: string }): Promise<Todo> => {
    const todo = await getTodo({ id })
    const item = { group_id: 'todos', item_id: id }
    const { old_value, new_value } = await todosStream.set({ ...item, data: { ...todo, completed: !todo.completed } })
    if (old_value) return new_value
    // Deleted since it was read, and not to come back by this.
    await todosStream.delete(item)
    return getTodo({ id })
  },
  { description: 'Mark a todo as done, or as not done' },
)
