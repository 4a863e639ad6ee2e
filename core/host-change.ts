// The plugin host's part of a change of configuration.
import { ChangeError, type ChangeParticipant } from './config/change.ts'
import type { ConfigurationReport } from './host/generations/configuration-change.ts'
import type { PluginHost } from './host/plugin-host.ts'

/** Refuses when it commits, and has then taken back what it did. */
export function hostChange(host: PluginHost, onReport: (report: ConfigurationReport) => void): ChangeParticipant {
  return {
    prepare: async (wanted) => ({
      problems: [],
      async commit() {
        const report = await host.apply(wanted)
        if (report.applied) return onReport(report)
        throw new ChangeError(
          report.problems.map(({ plugin, code, message }) => ({ subject: `plugin '${plugin}'`, code, message })),
        )
      },
      async discard() {},
    }),
  }
}
