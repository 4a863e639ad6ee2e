// A clock that stands still until it is moved.
export { ManualClock } from '../../../testing/index.ts'
