// What a client of the stream WebSocket sees and says (spec 02 §6.3–6.5, checks 32–35, 37, 39).
import { expect, it } from 'vitest'
import { StreamScene } from '../../support/stream-scene.ts'

it('a group subscriber gets the list, then every change, with timestamps that grow', async () => {
  const { feed, ...scene } = await sceneWith('a', { n: 0 })
  const client = await scene.connect()
  expect(await client.joined('s-1', 'board', 'g1')).toMatchObject({
    type: 'stream',
    streamName: 'board',
    groupId: 'g1',
    id: null,
    event: { type: 'sync', data: [{ n: 0 }] },
  })
  for (let n = 1; n <= 3; n++) feed.set('board', 'g1', 'b', { n })
  feed.delete('board', 'g1', 'b')
  const frames = await client.take(5)
  expect(frames.map(({ event }) => [event.type, event.data])).toEqual([
    ['sync', [{ n: 0 }]],
    ['create', { n: 1 }],
    ['update', { n: 2 }],
    ['update', { n: 3 }],
    ['delete', { n: 3 }],
  ])
  const times = frames.map(({ timestamp }) => timestamp)
  expect(times).toEqual([...new Set(times)].sort((a, b) => a - b))
})

async function sceneWith(item: string, value: unknown) {
  const scene = await StreamScene.open()
  scene.feed.setSilently('board', 'g1', item, value)
  return { feed: scene.feed, connect: scene.connect.bind(scene) }
}
