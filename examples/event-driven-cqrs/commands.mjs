// The side that decides. A command is a job in a fifo queue, by account; what comes of it is an event in the topic `account-events`.
// It knows nothing of those who read.
import { registerWorker, TriggerAction } from 'iii-sdk'

const url = process.env.III_URL ?? `ws://127.0.0.1:${process.env.III_PORT ?? 49134}`
const iii = registerWorker(url, { workerName: 'commands' })
const call = (function_id, payload) => iii.trigger({ function_id, payload })

iii.registerFunction('accounts::deposit', ({ account, amount }) => accept('deposit', account, amount))
iii.registerFunction('accounts::withdraw', ({ account, amount }) => accept('withdraw', account, amount))

/** Answers when the command is safe, with its id. Whether it can be carried out is decided later, in its turn. */
async function accept(command, account, amount) {
  if (typeof account !== 'string' || account === '')
    throw new Error(`account must be a text that is not empty, not ${JSON.stringify(account)}`)
  if (!Number.isInteger(amount) || amount < 1)
    throw new Error(`amount must be a whole number of at least 1, not ${JSON.stringify(amount)}`)
  const payload = { command, account, amount }
  const action = TriggerAction.Enqueue({ queue: 'commands' })
  const { messageReceiptId } = await iii.trigger({ function_id: 'accounts::decide', payload, action })
  return { command_id: messageReceiptId }
}

/**
 * One command at a time for an account, so that what is read is still true when it is written. A command whose worker died is the first to
 * come again: its event then either is the last one of the account, or was never made.
 */
iii.registerFunction('accounts::decide', async ({ command, account, amount }, { messageReceiptId }) => {
  const known = (await call('state::get', { scope: 'accounts', key: account })) ?? { balance: 0, version: 0 }
  const isDecided = known.last_event?.id === messageReceiptId
  const event = isDecided ? known.last_event : decide(known, command, account, amount, messageReceiptId)
  // Event and balance in one write: both or none.
  if (!isDecided) {
    const value = { balance: event.balance, version: event.version, last_event: event }
    await call('state::set', { scope: 'accounts', key: account, value })
  }
  // Once for each event, also if this is the second time.
  await call('iii::durable::publish', { topic: 'account-events', data: event, dedup_key: event.id })
})

function decide({ balance, version }, command, account, amount, id) {
  const event = { id, account, amount, version: version + 1 }
  if (command === 'deposit') return { ...event, type: 'deposited', balance: balance + amount }
  if (amount > balance) return { ...event, type: 'refused', balance }
  return { ...event, type: 'withdrawn', balance: balance - amount }
}

console.log(`The side of the commands is connected to ${url}`)
