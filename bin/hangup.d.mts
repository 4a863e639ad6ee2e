// Types of hangup.mjs.
export const HANGUP_VARIABLE: string
export interface SystemFiles {
  read(file: string): string
  target(file: string): string
}
export function ignoresHangup(env?: NodeJS.ProcessEnv, system?: SystemFiles): boolean
