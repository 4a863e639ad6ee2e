// The complete rights of a session: what its listener's block says, and what its auth function says of it.
import type { SessionAnswer } from '../../protocol/seats.ts'
import { WITHOUT_AUTH, type AuthResult } from './auth-result.ts'
import type { Block } from './block.ts'

export function sessionAnswer({ expose, hooks }: Block, result: AuthResult = WITHOUT_AUTH): SessionAnswer {
  return { ...result, expose_functions: expose, ...hooks }
}
