// Files of the quick suite share a process: a clock that a test has stopped goes on after it.
import { afterEach, vi } from 'vitest'

afterEach(() => void vi.useRealTimers())
