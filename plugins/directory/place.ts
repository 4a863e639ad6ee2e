// What the parts of the directory share: where things are, and the registry as it is set now.
import type { WorkerRegistry } from '../../kit/registry/worker-registry.ts'

export interface Place {
  /** Absolute. */
  readonly projectRoot: string
  readonly skillsFolder: string
  readonly localSkillsFolder?: string
  readonly agentsSkillsFolder?: string
  readonly agentsFolder: string
  /** Hot: asked for with each listing. */
  readonly filterUnregistered: () => boolean
  /** Hot. */
  readonly registrySearch: () => boolean
  /** The one that counts now: its settings may change while the plugin runs. */
  readonly registry: () => Promise<WorkerRegistry>
  /** Names in the configuration, connected or built in; undefined = no worker was ever installed. */
  readonly installedNames: () => Promise<ReadonlySet<string> | undefined>
}
