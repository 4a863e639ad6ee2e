// The watch over the configuration file of a running engine, and what is said of a file that can't be taken up.
import { EMPTY_FILE_REMEDY } from './config/load.ts'
import { ConfigWatch } from './config/watch.ts'
import type { Log } from './log.ts'

/** One small file: a plugin entry is to be live within a second of its being saved. */
const DEBOUNCE_MS = 150

export function watchConfigFile(file: string, log: Log, onChange: () => void): ConfigWatch {
  return new ConfigWatch({
    file,
    debounceMs: DEBOUNCE_MS,
    onChange,
    onGone: () => log.warn(`'${file}' is gone; the configuration that was read from it runs on`),
    onEmpty: () =>
      log.warn(
        `'${file}' is empty and not taken up: the configuration that was read from it runs on. ${EMPTY_FILE_REMEDY}`,
      ),
    onError: (error) => log.warn(`changes of '${file}' are not taken up: it can't be watched`, error),
  })
}
