import { fn } from '../lib/decorators.ts'
import { getTodo } from './todos.get.ts'
import { type Todo, todosStream } from './todos.stream.ts'

export const toggleTodo = fn(
  'todos::toggle',
  async ({ id }: { id: string }): Promise<Todo> => {
    const { completed } = await getTodo({ id })
    const item = { group_id: 'todos', item_id: id }
    // One member and not the whole: what somebody else changes in this moment stays as they left it.
    const result = await todosStream.update({
      ...item,
      ops: [{ type: 'set', path: 'completed', value: !completed }],
    })
    if (result?.old_value) return result.new_value
    // Deleted since it was read: the update has made a new item, which is no todo.
    await todosStream.delete(item)
    return getTodo({ id })
  },
  { description: 'Mark a todo as done, or as not done' },
)
