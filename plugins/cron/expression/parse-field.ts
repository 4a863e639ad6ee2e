// One field of a cron expression: a comma list of items, to the numbers that it allows (spec 03 §7.2).
import type { Field } from './fields.ts'

export interface ParsedField {
  /** Ascending, without repetition. */
  readonly values: readonly number[]
  /** A number was written, apart from steps after `*`. */
  readonly numeric: boolean
}

interface Range {
  readonly from: number
  readonly to: number
  readonly numeric: boolean
}

const ITEM = /^(?<start>\*|\?|[0-9]+|[A-Za-z]+)(?:-(?<end>[0-9]+|[A-Za-z]+))?(?:\/(?<step>[0-9]+))?$/

/** Throws what is wrong with the text, without the field's name. */
export function parseField(field: Field, text: string): ParsedField {
  const values = new Set<number>()
  let numeric = false
  for (const item of text.split(',')) {
    if (/^(?:[0-9]*[LW]|LW)$|#/i.test(item)) throw new Error(`"${item}": L, W and # are not part of the grammar`)
    const match = ITEM.exec(item)
    if (match?.groups === undefined) throw new Error(malformed(field, item, text))
    const { start, end, step } = match.groups as { start: string; end?: string; step?: string }
    const range = rangeOf(field, item, start, end, step !== undefined)
    numeric ||= range.numeric
    const by = step === undefined ? 1 : stepOf(field, item, step)
    for (let value = range.from; value <= range.to; value += by) values.add(value)
  }
  return { values: [...values].sort((one, other) => one - other), numeric }
}

function rangeOf(field: Field, item: string, start: string, end: string | undefined, hasStep: boolean): Range {
  if (start === '*' || start === '?') {
    if (start === '?' && field.takesQuestionMark !== true)
      throw new Error(`"?" is for day-of-month and day-of-week only; write "*"`)
    if (end !== undefined) throw new Error(`"${item}": "${start}" can't begin a range`)
    return { from: field.anyFrom ?? field.min, to: field.max, numeric: false }
  }
  const named = isName(start)
  const from = valueOf(field, item, start)
  if (end === undefined) {
    if (!hasStep) return { from, to: from, numeric: !named }
    if (named) throw new Error(`"${item}": a step can't follow a single name; write a range such as Name-Name/2`)
    return { from, to: field.max, numeric: true }
  }
  if (isName(end) !== named) throw new Error(`"${item}" mixes a name and a number in one range`)
  const to = valueOf(field, item, end)
  if (from > to)
    throw new Error(`"${item}" begins after its end; ranges don't wrap around: write two, separated by a comma`)
  return { from, to, numeric: !named }
}

function valueOf(field: Field, item: string, text: string): number {
  if (isName(text)) {
    const value = field.names?.get(text.toLowerCase())
    if (value !== undefined) return value
    if (field.names === undefined) throw new Error(`"${item}": this field takes numbers, no names`)
    throw new Error(`"${text}" is no name of this field; it takes ${[...field.names.keys()].join(', ')}`)
  }
  const value = Number(text)
  if (value < field.min || value > field.max)
    throw new Error(`"${text}" is outside of ${field.anyFrom ?? field.min}–${field.max}`)
  return value
}

function stepOf(field: Field, item: string, text: string): number {
  const step = Number(text)
  if (step < 1 || step > field.max) throw new Error(`"${item}": the step must be between 1 and ${field.max}`)
  return step
}

function malformed(field: Field, item: string, text: string): string {
  if (item === '') return text === '' ? 'it is empty' : `"${text}" has an empty item in its list`
  return `"${item}" can't be read; write *, a number, a range a-b${field.names === undefined ? '' : ', a name'}, or one of them with /step`
}

function isName(text: string): boolean {
  return !/^[0-9]/.test(text)
}
