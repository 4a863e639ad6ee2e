// `iii stream`.
import { backupCommand } from '../../kit/backup/backup-command.ts'

export default backupCommand({
  name: 'stream',
  description: 'Look after the stream store',
  content: 'all items and their history',
  functionId: 'stream::backup',
})
