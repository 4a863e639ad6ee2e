// Which content coding a client takes (RFC 9110 §12.5.3). Pure.

export type Encoding = 'zstd' | 'br' | 'gzip'

/**
 * @param header `accept-encoding` of the request; without it a client takes anything, and is sent what surely every one reads.
 * @param offered the best one first, for a client that takes several equally well.
 * @returns undefined = the answer is sent as it is.
 */
export function chooseEncoding(header: string | undefined, offered: readonly Encoding[]): Encoding | undefined {
  if (header === undefined || header === '') return undefined
  const weights = readWeights(header)
  const rest = weights.get('*') ?? 0
  let chosen: Encoding | undefined
  let best = 0
  for (const encoding of offered) {
    const weight = weights.get(encoding) ?? rest
    if (weight > best) {
      chosen = encoding
      best = weight
    }
  }
  // Who prefers the plain answer gets it.
  return best >= (weights.get('identity') ?? 0) ? chosen : undefined
}

function readWeights(header: string): ReadonlyMap<string, number> {
  const weights = new Map<string, number>()
  for (const item of header.split(',')) {
    const [coding = '', ...parameters] = item.split(';')
    const name = coding.trim().toLowerCase()
    if (name !== '') weights.set(name === 'x-gzip' ? 'gzip' : name, weightOf(parameters))
  }
  return weights
}

/** 0 … 1; what is no weight counts as 0, so that nobody is sent what he can't read. */
function weightOf(parameters: readonly string[]): number {
  for (const parameter of parameters) {
    const [name = '', value = ''] = parameter.split('=')
    if (name.trim().toLowerCase() !== 'q') continue
    const weight = Number(value.trim() === '' ? Number.NaN : value)
    return weight >= 0 && weight <= 1 ? weight : 0
  }
  return 1
}
