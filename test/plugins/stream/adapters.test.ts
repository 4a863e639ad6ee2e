import { onTestFinished } from 'vitest'
import type { HistoryLimits } from '../../../plugins/stream/adapters/store.ts'
import { HISTORY_DEFAULTS } from '../../../plugins/stream/config.ts'
import { KvFile } from '../../../plugins/stream/adapters/kv-file.ts'
import { KvMemory } from '../../../plugins/stream/adapters/kv-memory.ts'
import { collectingLog } from '../../support/collecting-log.ts'
import { tempFolder } from '../../support/temp-folder.ts'
import { streamAdapterCases, type OpenedStream } from './adapter-cases.ts'

const log = collectingLog()

streamAdapterCases('kv in memory', async (history = HISTORY_DEFAULTS) => ({ store: new KvMemory({ history, log }) }), {
  ordered: true,
})

streamAdapterCases('kv on disk', async (history = HISTORY_DEFAULTS) => openFile(tempFolder(), history), {
  ordered: true,
})

streamAdapterCases(
  'kv on disk, keeping next to nothing in memory',
  async (history = HISTORY_DEFAULTS) => openFile(tempFolder(), history, 3),
  { ordered: true },
)

function openFile(folder: string, history: HistoryLimits, keepUnasked?: number): OpenedStream {
  const store = new KvFile({ folder, history, log, keepUnasked })
  onTestFinished(() => store.close())
  const reopen = async (): Promise<OpenedStream> => {
    await store.close()
    return openFile(folder, history, keepUnasked)
  }
  return { store, reopen }
}
