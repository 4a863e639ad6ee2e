// The plugin that the benchmark calls: gives back what it gets.
import { definePlugin } from '../../../sdk/plugin.ts'

export default definePlugin({
  name: 'bench-echo',
  description: 'Gives back what it gets, for `iii bench`.',
  isolation: 'thread',
  start({ iii }) {
    iii.registerFunction('bench::echo', (payload: unknown) => payload)
  },
})
