// Listens for the errors of a socket that nobody else listens to yet: one function, so that it can be taken off again.
import type { Socket } from 'node:net'

export const destroyOnError: (this: Socket) => void = function () {
  this.destroy()
}
