// A bound for a wait whose end is in somebody else's hand.

/** As the promise, or a rejection that names the option when it takes longer. The operation itself goes on. */
export async function withinOption<T>(option: string, ms: number, promise: Promise<T>): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`no answer within ${option} (${ms} ms)`)), ms)
  try {
    return await Promise.race([promise, late])
  } finally {
    clearTimeout(timer)
  }
}
