// `iii bench`: measures an engine against reference variants and prints a table or JSON. The measuring itself is in `bench/`.
import { defineCommand } from 'citty'
import { BENCH_DEFAULTS, type BenchOptions } from '../../bench/options.ts'
import { SCENARIO_NAMES } from '../../bench/scenario-table.ts'
import { EXIT, UsageError } from '../exit-codes.ts'
import { terminalOf } from '../terminal.ts'

/** Smallest payload that carries a number to tell calls apart, and the longest frame that clients must take. */
const PAYLOAD_LIMITS = [64, 16 * 1024 * 1024] as const
const IN_FLIGHT_LIMITS = [1, 65_536] as const
const SUBSCRIBER_LIMITS = [1, 10_000] as const

export const bench = defineCommand({
  meta: { name: 'bench', description: 'Measure the engine against reference variants' },
  args: {
    scenario: {
      type: 'string',
      alias: 's',
      description: `Scenarios, separated by commas: ${SCENARIO_NAMES.join(', ')}; default all`,
      valueHint: 'names',
    },
    payload: {
      type: 'string',
      description: 'Payload sizes, such as 150,4k,64k; default: per scenario',
      valueHint: 'sizes',
    },
    'in-flight': {
      type: 'string',
      description: 'Calls in flight, such as 1,64,1024; default: per scenario',
      valueHint: 'counts',
    },
    rate: { type: 'string', description: 'Open loop: this many calls per second instead', valueHint: 'calls' },
    duration: {
      type: 'string',
      description: 'Measured seconds per round and variant; default 1',
      valueHint: 'seconds',
    },
    rounds: { type: 'string', description: 'Rounds, of which medians are taken; default 5', valueHint: 'count' },
    subscribers: {
      type: 'string',
      description: 'Subscribers of fan-out and stream-fan-out; default 1000',
      valueHint: 'count',
    },
    target: {
      type: 'string',
      description:
        'engine (one of its own), the URL of one, naive, or relay (ceiling of the load generator); default engine',
      valueHint: 'target',
    },
    pid: {
      type: 'string',
      description: 'Process of a target given by URL, for its CPU time and memory',
      valueHint: 'pid',
    },
    pin: { type: 'boolean', default: false, description: 'Keep target and load generator on CPUs of their own' },
    check: {
      type: 'boolean',
      default: false,
      description: 'Hold the result against the targets; exit code 1 on a miss',
    },
    json: { type: 'boolean', default: false, description: 'Print the report as JSON' },
  },
  async run({ args }) {
    const options: BenchOptions = {
      scenarios: scenariosOf(args.scenario),
      payloads: args.payload === undefined ? undefined : list(args.payload, 'payload', PAYLOAD_LIMITS, sizeOf),
      inFlight:
        args['in-flight'] === undefined ? undefined : list(args['in-flight'], 'in-flight', IN_FLIGHT_LIMITS, Number),
      rate: args.rate === undefined ? undefined : within(Number(args.rate), 'rate', [1, 10_000_000]),
      durationMs: args.duration === undefined ? BENCH_DEFAULTS.durationMs : positive(args.duration, 'duration') * 1000,
      rounds: args.rounds === undefined ? BENCH_DEFAULTS.rounds : within(Number(args.rounds), 'rounds', [1, 1000]),
      subscribers:
        args.subscribers === undefined
          ? BENCH_DEFAULTS.subscribers
          : within(Number(args.subscribers), 'subscribers', SUBSCRIBER_LIMITS),
      target: targetOf(args.target),
      targetPid: args.pid === undefined ? undefined : within(Number(args.pid), 'pid', [1, 2 ** 31]),
      pin: args.pin,
      progress: progressLine,
    }
    // Loaded here and not above, so that `iii bench --help` is quick.
    const [{ isClean, runBench }, { renderReport }] = await Promise.all([
      import('../../bench/run-bench.ts'),
      import('../../bench/table.ts'),
    ])
    // Targets and load generator end with this process, which leaves no folder behind when it exits by itself.
    process.once('SIGINT', () => process.exit(EXIT.interrupted))
    const report = await runBench(options, args.check)
    progressLine('')
    const { paint } = terminalOf(process.stdout)
    const colours = { bold: paint.bold, dim: paint.dim, good: paint.green, bad: paint.red }
    process.stdout.write(args.json ? `${JSON.stringify(report, null, 2)}\n` : renderReport(report, colours))
    if (!isClean(report)) process.exitCode = EXIT.failure
  },
})

/** One line that is written over, and none at all where nobody looks at it. */
function progressLine(line: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001B[K${line}`)
}

function scenariosOf(text: string | undefined): readonly string[] {
  if (text === undefined || text === 'all') return SCENARIO_NAMES
  return text.split(',').map((written) => {
    const name = SCENARIO_NAMES.find((known) => known === written.trim())
    if (name === undefined)
      throw new UsageError(`unknown scenario '${written}'; there are ${SCENARIO_NAMES.join(', ')}`)
    return name
  })
}

function targetOf(text: string | undefined): string {
  if (text === undefined) return BENCH_DEFAULTS.target
  if (text === 'engine' || text === 'naive' || text === 'relay') return text
  if (text.startsWith('ws://') && URL.canParse(text)) return text
  throw new UsageError(`--target is 'engine', 'naive', 'relay' or a ws:// URL, not '${text}'`)
}

type Limits = readonly [minimum: number, maximum: number]

function list(text: string, option: string, limits: Limits, read: (item: string) => number): number[] {
  return text.split(',').map((item) => within(read(item.trim()), option, limits))
}

/** `4k` = 4096. */
function sizeOf(text: string): number {
  const match = /^(\d+)\s*(k|kb)?$/i.exec(text)
  return match === null ? Number.NaN : Number(match[1]) * (match[2] === undefined ? 1 : 1024)
}

function within(value: number, option: string, [minimum, maximum]: Limits): number {
  if (Number.isInteger(value) && value >= minimum && value <= maximum) return value
  throw new UsageError(`--${option} takes whole numbers from ${minimum} to ${maximum}`)
}

function positive(text: string, option: string): number {
  const value = Number(text)
  if (value > 0 && value <= 600) return value
  throw new UsageError(`--${option} takes seconds, more than 0 and at most 600, not '${text}'`)
}
