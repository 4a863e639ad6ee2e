import { describe, expect, test } from 'vitest'
import { kvOption, readKvSettings } from '../../../kit/adapters/kv-settings.ts'

const read = (config: Record<string, unknown>, extra: string[] = []) =>
  readKvSettings(config, { defaultFolder: './data/x', worker: 'iii-x', extra })

describe('the settings of kv', () => {
  test('have defaults', () => {
    const defaults = { method: 'file_based', folder: './data/x', maxBytes: undefined }
    expect(read({})).toEqual(defaults)
    expect(read({ store_method: null, file_path: null, max_file_bytes: null, save_interval_ms: null })).toEqual(
      defaults,
    )
  })

  test('are taken as they are', () => {
    expect(read({ store_method: 'in_memory', file_path: 'a', max_file_bytes: 5, save_interval_ms: 0 })).toEqual({
      method: 'in_memory',
      folder: 'a',
      maxBytes: 5,
    })
  })

  test('may have further members that the worker knows', () => {
    expect(read({ channel_size: 1 }, ['channel_size'])).toMatchObject({ method: 'file_based' })
    expect(() => read({ channel_size: 1 })).toThrow(
      'Unknown member of adapter.config of iii-x: channel_size. The adapter kv knows store_method, file_path, save_interval_ms, max_file_bytes.',
    )
    expect(Object.keys(kvOption('./data/x', { channel_size: {} }).config)).toContain('channel_size')
  })

  test.each([
    [
      { store_method: 'disk' },
      'adapter.config.store_method of iii-x must be file_based or in_memory, got string "disk".',
    ],
    [{ file_path: '' }, 'adapter.config.file_path of iii-x must be the path of a folder, got string "".'],
    [{ max_file_bytes: 0.5 }, 'adapter.config.max_file_bytes of iii-x must be a positive integer, got number 0.5.'],
  ])('%j is refused', (config, message) => {
    expect(() => read(config)).toThrow(message)
  })
})
