// The report as text for a person: aligned columns, colours only where the caller's `Paint` gives some.
import type { BenchReport, CaseReport, CheckResult, RatioReport, ScenarioReport, VariantReport } from './report.ts'

/** Wraps text in colours, or leaves it as it is. */
export interface Paint {
  bold(text: string): string
  dim(text: string): string
  good(text: string): string
  bad(text: string): string
}

export function renderReport(report: BenchReport, paint: Paint): string {
  const lines = [...renderHead(report, paint)]
  for (const scenario of report.scenarios) lines.push('', ...renderScenario(scenario, paint))
  if (report.checks !== undefined) lines.push('', ...renderChecks(report.checks, paint))
  return `${lines.join('\n')}\n`
}

function renderHead({ machine, pinned, target, rounds, durationMs }: BenchReport, paint: Paint): string[] {
  const memory = Math.round(machine.memoryBytes / 1024 ** 3)
  const pinning =
    pinned === null ? 'not pinned' : `pinned: target on CPU ${pinned.target}, load generator on CPU ${pinned.generator}`
  return [
    paint.dim(`${machine.cpu}, ${machine.cores} cores, ${memory} GB, ${machine.os}, Node ${machine.node}`),
    paint.dim(
      `target ${target}; ${rounds} rounds of ${durationMs} ms, variants interleaved; processes ${pinning}; frames masked with key 0`,
    ),
  ]
}

function renderScenario({ scenario, title, cases, skipped, failed }: ScenarioReport, paint: Paint): string[] {
  const lines = [`${paint.bold(scenario)}  ${title}`]
  if (skipped !== undefined) lines.push(`  ${paint.dim(`left out: ${skipped}`)}`)
  if (failed !== undefined) lines.push(`  ${paint.bad('not measured:')} ${failed}`)
  for (const one of cases) lines.push(...renderCase(one, paint))
  return lines
}

function renderCase(one: CaseReport, paint: Paint): string[] {
  const lines = [`  ${one.name}`]
  if (one.variants.length > 0) lines.push(...indent(renderVariants(one, paint)))
  if (one.measures.length > 0) {
    const rows = one.measures.map(({ name, unit, median, p95, min, max, count }) => [
      name,
      `${figure(median)} ${unit}`.trim(),
      `p95 ${figure(p95)}`,
      `${figure(min)} … ${figure(max)}`,
      `n = ${count}`,
    ])
    lines.push(...indent(align(rows)))
  }
  for (const note of one.notes) lines.push(`    ${paint.dim(`note: ${note}`)}`)
  return lines
}

function renderVariants({ unit, rate, variants, ratios }: CaseReport, paint: Paint): string[] {
  const head = ['', unit, '±', 'p50', 'p99', 'p99.9', 'CPU/call', 'RSS', 'generator', `${variants[0]?.name ?? ''} is`]
  const rows = variants.map((variant) =>
    variantRow(
      variant,
      ratios.find(({ to }) => to === variant.name),
      rate !== undefined,
    ),
  )
  const used = head.map((_, column) => column < 2 || rows.some((row) => row[column] !== ''))
  const [title = '', ...body] = align([head, ...rows].map((row) => row.filter((_, column) => used[column])))
  return [paint.dim(title), ...body]
}

function variantRow(variant: VariantReport, ratio: RatioReport | undefined, openLoop: boolean): string[] {
  const { latencyMicros, cpuMicrosPerCall, rssBytes, generatorCpu } = variant
  return [
    variant.name,
    Math.round(variant.perSecond).toLocaleString('en-US'),
    `${Math.round(variant.spread * 100)} %`,
    latencyMicros === undefined ? '' : duration(latencyMicros.p50),
    latencyMicros === undefined ? '' : duration(latencyMicros.p99),
    latencyMicros === undefined ? '' : duration(latencyMicros.p999),
    cpuMicrosPerCall === undefined ? '' : `${figure(cpuMicrosPerCall)} µs`,
    rssBytes === undefined ? '' : `${Math.round(rssBytes / 1024 / 1024)} MB`,
    generatorCpu === undefined ? '' : `${Math.round(generatorCpu * 100)} %`,
    ratio === undefined ? '' : openLoop ? latencyRatioText(ratio) : ratioText(ratio),
  ]
}

function ratioText({ median, min, max, cpu }: RatioReport): string {
  const rate = `${figure(median)} × (${figure(min)} … ${figure(max)})`
  return cpu === undefined ? rate : `${rate}, CPU ${figure(cpu.median)} × (${figure(cpu.min)} … ${figure(cpu.max)})`
}

/** Rates of an open loop are what was offered: only the latency tells. */
function latencyRatioText({ p99 }: RatioReport): string {
  return p99 === undefined ? '' : `p99 ${figure(p99.median)} × (${figure(p99.min)} … ${figure(p99.max)})`
}

function renderChecks(checks: readonly CheckResult[], paint: Paint): string[] {
  const rows = checks.map(({ what, bound, value, decidedBy }) => [
    what,
    bound,
    value === undefined ? 'not measured' : figure(value),
    decidedBy === 'cpu' ? 'by CPU' : '',
  ])
  const missed = checks.filter(({ pass }) => !pass).length
  const marks = checks.map(({ pass }) => (pass ? paint.good('pass') : paint.bad('MISS')))
  return [
    `${paint.bold('targets')}  ${checks.length - missed} of ${checks.length} reached`,
    ...align(rows).map((row, index) => `  ${marks[index]}  ${row}`),
  ]
}

/** First column to the left, the others to the right, except for the last. */
function align(rows: readonly (readonly string[])[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length))
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0
        return column === 0 || column === columns - 1 ? cell.padEnd(width) : cell.padStart(width)
      })
      .join('  ')
      .trimEnd(),
  )
}

function indent(lines: readonly string[]): string[] {
  return lines.map((line) => `    ${line}`)
}

/** Three significant digits, no exponent. */
function figure(value: number): string {
  if (!Number.isFinite(value)) return '–'
  const size = Math.abs(value)
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2)
}

function duration(micros: number): string {
  return micros < 1000 ? `${Math.round(micros)} µs` : `${figure(micros / 1000)} ms`
}
