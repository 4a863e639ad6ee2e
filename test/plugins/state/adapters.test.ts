import { onTestFinished } from 'vitest'
import { KvFile } from '../../../plugins/state/adapters/kv-file.ts'
import { KvMemory } from '../../../plugins/state/adapters/kv-memory.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { stateAdapterCases } from './adapter-cases.ts'

stateAdapterCases('kv in memory', async () => new KvMemory(), { ordered: true })

stateAdapterCases(
  'kv on disk',
  async () => {
    const store = new KvFile({ folder: tempFolder(), log: collectingLog() })
    onTestFinished(() => store.close())
    return store
  },
  { ordered: true },
)
