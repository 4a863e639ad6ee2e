// Waits that end.

/** True when `work` is done within `ms`; false when the time ran out first. Rejects when `work` does. */
export async function withinDeadline(work: Promise<unknown>, ms: number): Promise<boolean> {
  const expired = Promise.withResolvers<boolean>()
  const timer = setTimeout(() => expired.resolve(false), ms)
  try {
    return await Promise.race([work.then(() => true), expired.promise])
  } finally {
    clearTimeout(timer)
  }
}
