// Registers more of the API by a list, and uses all of it like functions of any other worker.
import { registerWorker, TriggerAction } from 'iii-sdk'

const url = process.env.III_URL ?? `ws://127.0.0.1:${process.env.III_PORT ?? 49134}`
const api = process.env.API_URL ?? `http://127.0.0.1:${process.env.API_PORT ?? 8080}`
const iii = registerWorker(url, { workerName: 'shop' })

const endpoints = [{ path: '/reports/sales', id: 'legacy::sales-report' }]

for (const { path, id } of endpoints) {
  iii.registerFunction(id, {
    url: `${api}${path}`,
    method: 'POST',
    auth: { type: 'api_key', header: 'x-api-key', value_key: 'LEGACY_KEY' },
  })
}

// Cancels what is open, each in a job of its own: what fails is tried again.
iii.registerFunction('shop::cancel-all', async () => {
  const open = await iii.trigger({ function_id: 'legacy::list-orders', payload: { status: 'open' } })
  for (const { id } of open) {
    await iii.trigger({
      function_id: 'legacy::cancel-order',
      payload: { id },
      action: TriggerAction.Enqueue({ queue: 'orders' }),
    })
  }
  return { cancelling: open.length }
})

console.log(`connected to ${url}`)
