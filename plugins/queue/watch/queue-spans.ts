// The spans of queues (spec 03 §3.9, §5): a call that is put into a queue, one delivery, a message that is published. Only of publishers whose calls
// are traced.
import { maskSecrets } from '../../../base/values/masking.ts'
import type { Span, Spans } from '../../../kit/telemetry/spans.ts'
import type { QueueRef } from '../adapters/backend.ts'
import type { Job, JobContent } from '../job.ts'

/** Characters of a published payload that its span shows. */
export const MAX_SPAN_PAYLOAD = 4_096

export class QueueSpans {
  readonly #spans: Spans
  /** Tells deliveries apart while the process runs. */
  #deliveries = 0

  constructor(spans: Spans) {
    this.#spans = spans
  }

  enqueue(queue: string, { functionId, traceparent }: JobContent): Span | undefined {
    return this.#spans.begin(`enqueue ${functionId} → ${queue}`, 'producer', traceparent, () => ({
      'messaging.system': 'iii-queue',
      'messaging.destination.name': queue,
      'messaging.operation.type': 'publish',
      function_id: functionId,
    }))
  }

  delivery({ kind, key, name }: QueueRef, { functionId, attempts, traceparent }: Job): Span | undefined {
    return this.#spans.begin(kind === 'named' ? `fn_queue ${name}` : `queue ${key}`, 'consumer', traceparent, () => ({
      'messaging.system': 'iii-queue',
      'messaging.destination.name': name,
      'messaging.operation.type': 'process',
      function_id: functionId,
      queue: name,
      attempt: attempts,
      delivery_id: ++this.#deliveries,
      'iii.tag.kind': 'queue.process',
      'iii.tag.display_name': `queue(${name}) ${functionId}`,
    }))
  }

  publish(functionId: string, topic: string, data: string, traceparent: string | undefined): Span | undefined {
    const span = this.#spans.begin(`execute ${functionId}`, 'internal', traceparent, () => ({
      function_id: functionId,
      'messaging.destination.name': topic,
      'messaging.operation.type': 'publish',
      'baggage.topic': topic,
    }))
    span?.event('iii.invocation.input', payloadAttributes(topic, data))
    return span
  }

  flush(): void {
    this.#spans.flush()
  }
}

/** Ends the span when the promise is settled. Never rejects. */
export function endWith(span: Span, work: Promise<unknown>): Promise<void> {
  return work.then(
    () => span.end(),
    (error: unknown) => {
      const { code } = error as { code?: unknown }
      span.end({ code: typeof code === 'string' ? code : 'unknown', message: (error as Error).message })
    },
  )
}

/** As the SDK shows the input of a function (spec 07 A.1). */
function payloadAttributes(topic: string, data: string) {
  const isLong = data.length > MAX_SPAN_PAYLOAD
  // What is cut can't be read any more: nothing of it is shown, since it may hold a secret.
  const shown = JSON.stringify({ topic, ...(isLong ? {} : { data: maskSecrets(JSON.parse(data)) }) })
  return { 'iii.payload.json': shown, 'iii.payload.truncated': isLong }
}
