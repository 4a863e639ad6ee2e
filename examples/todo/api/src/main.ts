// The API worker: registers the functions of the todo list. The auth function comes last, so that no page is let in before
// there is something to call.
import './routes/todos.groups.ts'
import './routes/todos.list.ts'
import './routes/todos.get.ts'
import './routes/todos.create.ts'
import './routes/todos.toggle.ts'
import './routes/todos.delete.ts'
import './lib/rbac.ts'
