// A worker: a process of its own that connects to the engine and offers a function to everybody.
import { registerWorker } from 'iii-sdk'

const iii = registerWorker(process.env.III_URL ?? 'ws://127.0.0.1:49134', { workerName: 'greeter' })

iii.registerFunction('greeter::hello', async ({ name }) => {
  // Any function of the mesh, wherever it runs: here the engine's own state.
  const { new_value } = await iii.trigger({
    function_id: 'state::update',
    payload: { scope: 'greeter', key: name, ops: [{ type: 'increment', path: 'visits', by: 1 }] },
  })
  return { text: `Hello, ${name}`, visits: new_value.visits }
})

iii.registerFunction('greeter::noticed', async (event) => {
  console.log(`${event.key} has been greeted ${event.new_value.visits} times`)
})
iii.registerTrigger({ type: 'state', function_id: 'greeter::noticed', config: { scope: 'greeter' } })
