// A connection to a stream that comes back by itself. It remembers the position of the last frame of each group and names it
// when it joins again: then the engine sends what was missed, in order and once, or says that it can't.

const FIRST_RETRY_MS = 250
const LONGEST_RETRY_MS = 4_000

export class LiveStream {
  #url
  #stream
  #joins
  #on
  #positions = new Map()
  #retryMs = FIRST_RETRY_MS

  /**
   * @param url address of the stream listener
   * @param stream name of the stream
   * @param joins what to follow: `{ group }`, or `{ group, item }`; the first one is joined by the address
   * @param on `{ data(group, data), event(group, type, data), resumed(group, recovered), state(text) }`
   */
  constructor(url, stream, joins, on) {
    this.#url = url
    this.#stream = stream
    this.#joins = joins
    this.#on = on
  }

  connect() {
    const [first, ...others] = this.#joins
    const url = new URL(`/stream/${this.#stream}/${first.group}`, this.#url)
    const position = this.#positions.get(first.group)
    if (position !== undefined) url.searchParams.set('position', position)
    const socket = new WebSocket(url)
    socket.addEventListener('open', () => {
      this.#retryMs = FIRST_RETRY_MS
      for (const { group, item } of others) this.#join(socket, group, item)
      this.#on.state('live')
    })
    socket.addEventListener('message', ({ data }) => this.#receive(JSON.parse(data)))
    socket.addEventListener('close', () => {
      this.#on.state('reconnecting')
      setTimeout(() => this.connect(), this.#retryMs * (0.5 + Math.random() / 2))
      this.#retryMs = Math.min(this.#retryMs * 2, LONGEST_RETRY_MS)
    })
  }

  #join(socket, groupId, id) {
    const position = this.#positions.get(groupId)
    const data = { subscriptionId: groupId, streamName: this.#stream, groupId, id, position }
    socket.send(JSON.stringify({ type: 'join', data }))
  }

  #receive({ groupId, position, event }) {
    if (position !== undefined) this.#positions.set(groupId, position)
    if (event.type === 'sync') this.#on.data(groupId, event.data)
    if (event.type === 'event') this.#on.event(groupId, event.event.type, event.event.data)
    if (event.type === 'resume') {
      if (!event.recovered) this.#positions.delete(groupId)
      this.#on.resumed(groupId, event.recovered)
    }
  }
}
