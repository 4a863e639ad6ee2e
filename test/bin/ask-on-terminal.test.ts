import { PassThrough } from 'node:stream'
import { describe, expect, test } from 'vitest'
import { askOnTerminal } from '../../bin/ask-on-terminal.ts'

function terminal({ inputIsTTY = true, outputIsTTY = true } = {}) {
  const input = Object.assign(new PassThrough(), { isTTY: inputIsTTY })
  const output = Object.assign(new PassThrough(), { isTTY: outputIsTTY })
  const ask = askOnTerminal(input as unknown as NodeJS.ReadStream, output as unknown as NodeJS.WriteStream)
  return { input, output, ask }
}

describe('askOnTerminal', () => {
  test.each([{ inputIsTTY: false }, { outputIsTTY: false }])('asks nobody with %o', (streams) => {
    expect(terminal(streams).ask).toBeUndefined()
  })

  test('shows the question and gives the line', async () => {
    const { input, output, ask } = terminal()
    let shown = ''
    output.on('data', (chunk) => (shown += String(chunk)))
    const answer = ask?.('Create it? ')
    input.write('yes\n')
    expect(await answer).toBe('yes')
    expect(shown).toContain('Create it? ')
  })

  test('an input that ends without an answer is a no', async () => {
    const { input, ask } = terminal()
    const answer = ask?.('Create it? ')
    input.end()
    expect(await answer).toBe('n')
  })
})
