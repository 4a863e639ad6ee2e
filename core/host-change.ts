// The plugin host's part of a change of configuration, and what it has changed, for the log.
import { ChangeError, type ChangeParticipant } from './config/change.ts'
import type { ReconcileReport } from './host/generations/reconciler.ts'
import type { PluginHost } from './host/plugin-host.ts'

/** @param onReport told after each commit. */
export function hostChange(host: PluginHost, onReport: (report: ReconcileReport) => void): ChangeParticipant {
  return {
    async prepare(wanted) {
      const part = await host.prepare(wanted)
      return {
        problems: part.problems,
        async commit() {
          await part.commit().catch((error: unknown) => {
            throw part.problems.length > 0 ? new ChangeError(part.problems) : error
          })
          onReport(part.report)
        },
        discard: () => part.discard(),
      }
    },
  }
}
