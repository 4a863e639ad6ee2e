// A plain client for what is measured call by call: one promise per call, JSON in and out.
import { Connection } from './connection.ts'

/** The target answered with an error. */
export class CallFailure extends Error {
  override readonly name = 'CallFailure'
  readonly code: string

  constructor(code: string, message: string) {
    super(message)
    this.code = code
  }
}

export class CallClient {
  #connection: Connection | undefined
  readonly #pending = new Map<string, PromiseWithResolvers<unknown>>()
  #ended: Error | undefined

  static async open(url: string): Promise<CallClient> {
    const client = new CallClient()
    client.#connection = await Connection.open(url, {
      onFrame: (buffer, start, end) => client.#onFrame(buffer.utf8Slice(start, end)),
      onEnd: (reason) => client.#end(reason),
    })
    return client
  }

  /** Rejects with a `CallFailure`, or with the reason why the connection ended. */
  call(functionId: string, data: unknown): Promise<unknown> {
    if (this.#ended !== undefined) return Promise.reject(this.#ended)
    const id = crypto.randomUUID()
    const answer = Promise.withResolvers<unknown>()
    this.#pending.set(id, answer)
    this.#connection?.appendMessage({ type: 'invokefunction', invocation_id: id, function_id: functionId, data })
    this.#connection?.flush()
    return answer.promise
  }

  /** A message that is no call and gets no answer. */
  send(message: object): void {
    this.#connection?.appendMessage(message)
    this.#connection?.flush()
  }

  close(): void {
    this.#connection?.close()
    this.#end(new Error('The client was closed.'))
  }

  #onFrame(text: string): void {
    const message = JSON.parse(text) as Record<string, unknown>
    if (message['type'] !== 'invocationresult') return
    const id = String(message['invocation_id'])
    const answer = this.#pending.get(id)
    this.#pending.delete(id)
    const error = message['error'] as { code?: string; message?: string } | undefined
    if (error === undefined) answer?.resolve(message['result'])
    else answer?.reject(new CallFailure(error.code ?? 'error', error.message ?? ''))
  }

  #end(reason: Error): void {
    this.#ended = reason
    for (const answer of this.#pending.values()) answer.reject(reason)
    this.#pending.clear()
  }
}
