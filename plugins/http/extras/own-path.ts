// Paths that this worker answers itself, where no route is for them.
import type { IncomingMessage } from 'node:http'
import type { Answer } from '../response/answer.ts'

/** For GET and HEAD alone. */
export interface OwnPath {
  readonly path: string
  answer(request: IncomingMessage): Promise<Answer>
}

/** @returns undefined = none of them is meant. */
export function ownAnswer(
  paths: readonly OwnPath[],
  request: IncomingMessage,
  path: string,
): Answer | Promise<Answer> | undefined {
  const own = paths.find((candidate) => candidate.path === path)
  if (own === undefined) return undefined
  if (request.method === 'GET' || request.method === 'HEAD') return own.answer(request)
  return { status: 405, headers: [['allow', 'GET, HEAD']], body: '' }
}
