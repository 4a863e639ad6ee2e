// The side that reads: two projections of the same events. Each has a copy of every event to itself, goes at its own pace, and gets what it
// missed when it comes back.
//
//   node projections.mjs               both in one process
//   node projections.mjs totals        one of them
import { registerWorker } from 'iii-sdk'

const url = process.env.III_URL ?? `ws://127.0.0.1:${process.env.III_PORT ?? 49134}`
const iii = registerWorker(url, { workerName: `projections-${process.argv[2] ?? 'all'}` })
const call = (function_id, payload) => iii.trigger({ function_id, payload })

const projections = {
  /** What is in each account now. */
  balances: (_known, { balance, type }) => ({ balance, last: type }),

  /** What went in and out of each account, ever. */
  totals: (known, { type, amount }) => {
    const { deposited = 0, withdrawn = 0, refused = 0 } = known ?? {}
    return {
      deposited: deposited + (type === 'deposited' ? amount : 0),
      withdrawn: withdrawn + (type === 'withdrawn' ? amount : 0),
      refused: refused + (type === 'refused' ? 1 : 0),
    }
  },
}

for (const name of process.argv[2] === undefined ? Object.keys(projections) : [process.argv[2]]) {
  const project = projections[name]
  if (project === undefined)
    throw new Error(`there is no projection ${name}: name one of ${Object.keys(projections).join(', ')}`)

  iii.registerFunction(`projections::${name}`, async (event) => {
    const known = await call('state::get', { scope: name, key: event.account })
    // Delivered once more: it is in there already. Events are delivered in order, one at a time, so nothing newer can be missing.
    if (known !== undefined && known.version >= event.version) return
    const value = { ...project(known, event), account: event.account, version: event.version }
    await call('state::set', { scope: name, key: event.account, value })
  })
  iii.registerTrigger({
    type: 'durable:subscriber',
    function_id: `projections::${name}`,
    config: { topic: 'account-events', queue_config: { type: 'fifo', maxRetries: 10, backoffDelayMs: 200 } },
  })

  // Queries read what is there. They ask nobody.
  iii.registerFunction(`query::${name}`, ({ account }) =>
    account === undefined ? call('state::list', { scope: name }) : call('state::get', { scope: name, key: account }),
  )
}

console.log(`The projections are connected to ${url}`)
