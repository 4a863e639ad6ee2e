// Where a listing goes on: in the local rows, and in those of the remote registry. Without a remote one a cursor is an offset in base64
// (spec 05 A.3). Where only the remote one is left, its own cursor is handed out and taken back as it is.
import { RegistryError } from './registry-error.ts'
import { shown } from './worker-name.ts'

export interface Place {
  /** Local rows that have been given. */
  readonly local: number
  /** The remote page: undefined = the first one, null = none is left. */
  readonly remote: string | null | undefined
  /** Rows of that page that have been given or passed over. */
  readonly skip: number
}

export const MAX_CURSOR_CHARACTERS = 4_096
const OURS = 'm.'

export function readCursor(cursor: string | undefined, hasRemote: boolean): Place {
  if (cursor === undefined) return { local: 0, remote: hasRemote ? undefined : null, skip: 0 }
  if (cursor.length > MAX_CURSOR_CHARACTERS) throw invalid(cursor)
  if (!hasRemote) {
    const offset = Buffer.from(cursor, 'base64url').toString()
    if (!/^\d{1,9}$/.test(offset)) throw invalid(cursor)
    return { local: Number(offset), remote: null, skip: 0 }
  }
  if (!cursor.startsWith(OURS)) return { local: Number.POSITIVE_INFINITY, remote: cursor, skip: 0 }
  try {
    const [local, remote, skip] = JSON.parse(
      Buffer.from(cursor.slice(OURS.length), 'base64url').toString(),
    ) as unknown[]
    if (isOffset(local) && isOffset(skip) && (remote === null || typeof remote === 'string' || remote === 0))
      return { local, remote: remote === 0 ? undefined : remote, skip }
  } catch {
    // Said below.
  }
  throw invalid(cursor)
}

/** null = nothing is left. */
export function cursorFor(place: Place, localRows: number, hasRemote: boolean): string | null {
  const { local, remote, skip } = place
  const isLocalLeft = local < localRows
  if (!isLocalLeft && remote === null) return null
  if (!hasRemote) return Buffer.from(String(local)).toString('base64url')
  if (!isLocalLeft && skip === 0 && typeof remote === 'string' && !remote.startsWith(OURS)) return remote
  const parts = [Math.min(local, localRows), remote === undefined ? 0 : remote, skip]
  return `${OURS}${Buffer.from(JSON.stringify(parts)).toString('base64url')}`
}

function isOffset(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function invalid(cursor: string): RegistryError {
  return new RegistryError(
    'invalid',
    `cursor ${JSON.stringify(shown(cursor))} is none that a page gave. Pass \`pagination.next_cursor\` on as it was, with the same search, or leave it out to begin anew.`,
  )
}
