import { fn } from '../lib/decorators.ts'
import { type Todo, todosStream } from './todos.stream.ts'

export const deleteTodo = fn(
  'todos::delete',
  async ({ id }: { id: string }): Promise<{ deleted: Todo | null }> => {
    const { old_value } = await todosStream.delete({ group_id: 'todos', item_id: id })
    return { deleted: old_value ?? null }
  },
  { description: 'Delete a todo; one that is gone already is no error' },
)
