// Types of node-options.mjs.
export const NEEDED_MAJOR: number
export const ENGINE_NODE_OPTIONS: readonly string[]
export function engineEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv
export function hideOwnEnvironment(): void
export function keepOptionsFromThreads(): void
