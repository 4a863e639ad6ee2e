// `iii-directory`: which workers there are to be added, what they offer, and their skills and prompts (spec 05 part A).
import { definePlugin } from '../../sdk/plugin.ts'
import { DIRECTORY_CONFIG_SCHEMA, type DirectoryConfig } from './config.ts'
import { startDirectory } from './start.ts'

export default definePlugin<DirectoryConfig>({
  name: 'iii-directory',
  description: 'Finds workers in registries, and keeps skills and prompts.',
  config: DIRECTORY_CONFIG_SCHEMA,
  isolation: 'shared',
  start: (context) => startDirectory(context, { env: process.env }),
})
