// Types of source-places.mjs.
export const PLACE_BYTES: number
export const NUMBER_BYTES: number
export function placesFileOf(bundle: string): string
export function showSourcesInStacks(bundle: string): void
export function originOf(
  descriptor: number,
  line: number,
  column: number,
): { source: number; line: number; column: number } | undefined
