// Versions that SDKs announce: some answers depend on how old a client is (spec 04 C.2, 08 §18).

/** Whether an announced version is below `major.minor`. An unknown one is not: clients of our own need not announce any. */
export function isOlder(version: string | undefined, [major, minor]: readonly [number, number]): boolean {
  const parsed = parse(version)
  return parsed !== undefined && (parsed[0] < major || (parsed[0] === major && parsed[1] < minor))
}

/** Whether an announced version is known and at least `major.minor`. */
export function isAtLeast(version: string | undefined, since: readonly [number, number]): boolean {
  return parse(version) !== undefined && !isOlder(version, since)
}

function parse(version: string | undefined): [number, number] | undefined {
  const found = /^v?(\d+)\.(\d+)/.exec(version ?? '')
  return found === null ? undefined : [Number(found[1]), Number(found[2])]
}
