// Types of node-options.mjs.
export const NEEDED_MAJOR: number
export const ENGINE_NODE_OPTIONS: readonly string[]
export const ENGINE_ENVIRONMENT: Readonly<Record<string, string>>
export function keepOptionsFromThreads(): void
