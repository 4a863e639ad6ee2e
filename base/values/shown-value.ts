// A value in a message: as JSON, but for numbers that JSON does not have, which would be shown as `null`.

/** One line of text; not cut and not masked. */
export function shownValue(value: unknown): string {
  if (typeof value === 'number') return String(value)
  return JSON.stringify(value, (_key, member: unknown) => (isOdd(member) ? String(member) : member)) ?? String(value)
}

/** `NaN`, `Infinity` and `-Infinity`: `.nan` and `.inf` in YAML. */
function isOdd(value: unknown): boolean {
  return typeof value === 'number' && !Number.isFinite(value)
}
