// `iii state`.
import { backupCommand } from '../../kit/backup/backup-command.ts'

export default backupCommand({
  name: 'state',
  description: 'Look after the state store',
  content: 'all values',
  functionId: 'state::backup',
})
