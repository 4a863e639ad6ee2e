// `iii-rbac`: decides what a connection to a listener with `rbac` may do (spec 04 B.2–B.3). The engine enforces what it answers.
import { LimitedWarning } from '../../base/warnings/limited-warning.ts'
import { RawJson } from '../../sdk/raw-json.ts'
import { definePlugin } from '../../sdk/plugin.ts'
import { parseUnrounded } from '../../base/values/exact-json.ts'
import { SEATS, type SessionQuestion } from '../../protocol/seats.ts'
import { askAuth, type AuthDeps } from './ask-auth.ts'
import { AuthOddities } from './auth-oddities.ts'
import { readBlock } from './block.ts'
import { sessionAnswer } from './session-answer.ts'

export default definePlugin({
  name: 'iii-rbac',
  description: 'Decides what connections to listeners with rbac may do, by their block and by an auth function.',
  isolation: 'shared',
  // It keeps nothing: connections that wait for an auth function are answered by the generation that asked it.
  overlap: true,
  seats: ['session-policy'],
  start({ iii, log }) {
    const warning = new LimitedWarning((message, data) => log.warn(message, data))
    const deps: AuthDeps = {
      iii,
      warn: (message, data) => warning.warn(message, data),
      oddities: new AuthOddities((message) => log.warn(message)),
    }
    iii.registerFunction(
      SEATS['session-policy'],
      async (json: string) => {
        const question = parseUnrounded(json) as SessionQuestion
        const block = readBlock(question.rbac)
        const result =
          block.authFunctionId === undefined ? undefined : await askAuth(deps, block.authFunctionId, question)
        return new RawJson(JSON.stringify(sessionAnswer(block, result)))
      },
      { description: 'Says what a connection may do. Only the engine calls it.', raw: true },
    )
  },
})
