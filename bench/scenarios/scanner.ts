// `scanner`: finding the envelope of a frame without parsing its payload, against `JSON.parse` of the whole frame.
// `JSON.parse` gets the text ready-made: decoding the bytes, which a router would have to do first, is not held against it.
import { median, pairedRatio, spread } from '../measure/statistics.ts'
import { payloadJson } from '../load/payload.ts'
import type { CaseReport, VariantReport } from '../report.ts'
import { scanEnvelope } from '../../protocol/scanner/scan.ts'
import { createEnvelope } from '../../protocol/scanner/envelope.ts'
import type { Scenario } from './scenario.ts'

/** One measurement lasts at least this long. */
const SLICE_MS = 100
const BATCH = 32
const LARGE_BYTES = 64 * 1024

const scanner: Scenario = {
  title: 'envelope scanner against JSON.parse',
  async run({ options }) {
    const inputs: readonly (readonly [name: string, data: string])[] = [
      ['150 B of objects', payloadJson(150)],
      ['64 KB of objects', payloadJson(LARGE_BYTES)],
      ['64 KB of one string', JSON.stringify({ text: 'x'.repeat(LARGE_BYTES) })],
    ]
    return inputs.map(([name, data]) => {
      options.progress(`scanner: ${name}`)
      return compare(`scanner ${name}`, data, options.rounds)
    })
  },
}

export default scanner

function compare(name: string, data: string, rounds: number): CaseReport {
  const id = crypto.randomUUID()
  const text = `{"type":"invokefunction","invocation_id":"${id}","function_id":"bench::echo","data":${data}}`
  const frame = Buffer.from(text)
  const envelope = createEnvelope()
  const scan = (): boolean => {
    scanEnvelope(frame, envelope)
    return envelope.invocationId === id && envelope.dataEnd - envelope.dataStart === data.length
  }
  const parse = (): boolean => (JSON.parse(text) as { invocation_id: string }).invocation_id === id
  const scans: number[] = []
  const parses: number[] = []
  for (let round = 0; round <= rounds; round++) {
    const rates =
      round % 2 === 0
        ? [ratePerSecond(scan), ratePerSecond(parse)]
        : [ratePerSecond(parse), ratePerSecond(scan)].toReversed()
    if (round === 0) continue
    scans.push(rates[0]!)
    parses.push(rates[1]!)
  }
  const ratio = pairedRatio(scans, parses)
  return {
    name,
    unit: 'frames/s',
    payloadBytes: data.length,
    variants: [describe('scanner', scans), describe('JSON.parse', parses)],
    ratios: ratio === undefined ? [] : [{ to: 'JSON.parse', ...ratio, decidedBy: 'rate' }],
    measures: [],
    notes: [],
  }
}

/** Each result is checked: a scan that finds something else must not count as a fast one. */
function ratePerSecond(once: () => boolean): number {
  const startedAt = performance.now()
  let done = 0
  let elapsed = 0
  while (elapsed < SLICE_MS) {
    for (let turn = 0; turn < BATCH; turn++) if (!once()) throw new Error('The envelope of the frame was not found.')
    done += BATCH
    elapsed = performance.now() - startedAt
  }
  return (done / elapsed) * 1000
}

function describe(name: string, rates: readonly number[]): VariantReport {
  return { name, perSecond: median(rates), rates, spread: spread(rates) }
}
