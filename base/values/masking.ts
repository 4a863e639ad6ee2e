// Keeps secrets out of messages, listings and `iii config explain`.

const SECRET_KEY = /secret|token|password|key$/i
export const MASK = '********'

export function isSecretPath(path: readonly (string | number)[]): boolean {
  return path.some((part) => typeof part === 'string' && SECRET_KEY.test(part))
}

/** A copy for showing: values under a secret key are masked, and so are passwords inside URLs. */
export function maskSecrets(value: unknown, path: readonly (string | number)[] = []): unknown {
  if (Array.isArray(value)) return value.map((item: unknown, index) => maskSecrets(item, [...path, index]))
  if (typeof value === 'object' && value !== null) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, maskSecrets(item, [...path, key])]))
  }
  if (value === null || value === '' || typeof value === 'boolean') return value
  if (isSecretPath(path)) return MASK
  return typeof value === 'string' ? value.replace(/(:\/\/[^\s:/@]*:)[^\s/@]+@/g, `$1${MASK}@`) : value
}
