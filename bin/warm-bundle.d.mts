// Types of warm-bundle.mjs.
export const WARM_VARIABLE: string
export function warmFolder(cache: string | undefined, here: string): string | undefined
export function currentBundle(folder: string): string | undefined
export function signatureOf(file: string): string
export function canBeOwn(folder: string): boolean
export function writeLater(folder: string): void
