import { describe, expect, it } from 'vitest'
import { ConfigError } from '../../../core/config/config-error.ts'

const problem = (line: number, remedy?: string) => ({
  file: '/p/c.yaml',
  message: 'wrong',
  line,
  ...(remedy !== undefined && { remedy }),
})

describe('what to do about a configuration', () => {
  it('is said once where it is the same for every problem', () => {
    expect(new ConfigError('', [problem(1, 'Mend it.'), problem(2, 'Mend it.')]).remedy).toBe('Mend it.')
  })
  it('begins with its line where it is not for all', () => {
    expect(new ConfigError('', [problem(1, 'Mend it.'), problem(2)]).remedy).toBe('line 1: Mend it.')
    const two = [problem(1, 'Mend it.'), problem(2, 'Remove it.')]
    expect(new ConfigError('', two).remedy).toBe('line 1: Mend it.\nline 2: Remove it.')
  })
})
