// An old REST API that nobody wants to touch. It knows nothing of the engine, and asks for a key.
import { createServer } from 'node:http'

const port = Number(process.env.API_PORT ?? 8080)
const key = process.env.LEGACY_KEY ?? 'not-very-secret'
const orders = new Map([[1, { id: 1, item: 'tea', status: 'open' }]])

const fail = (status, code, message) => ({ status, value: { error: { code, message } } })

const routes = {
  'GET /orders': (_input, query) => {
    const status = query.get('status')
    return { status: 200, value: [...orders.values()].filter((order) => status === null || order.status === status) }
  },
  'POST /orders': ({ item }) => {
    if (typeof item !== 'string') return fail(422, 'ITEM_MISSING', 'item must be a text')
    const order = { id: orders.size + 1, item, status: 'open' }
    orders.set(order.id, order)
    return { status: 201, value: order }
  },
  'GET /orders/:id': (_input, _query, id) => {
    const order = orders.get(id)
    return order === undefined ? fail(404, 'NO_SUCH_ORDER', `there is no order ${id}`) : { status: 200, value: order }
  },
  'POST /orders/:id/cancel': (_input, _query, id) => {
    const order = orders.get(id)
    if (order === undefined) return fail(404, 'NO_SUCH_ORDER', `there is no order ${id}`)
    order.status = 'cancelled'
    return { status: 204 }
  },
  // What a worker calls by itself: it takes everything in the body.
  'POST /reports/sales': ({ currency }) => ({ status: 200, value: { currency, orders: orders.size } }),
}

const server = createServer(async (request, response) => {
  const { pathname, searchParams } = new URL(request.url, 'http://localhost')
  const [, id] = /^\/orders\/(\d+)/.exec(pathname) ?? []
  const route = routes[`${request.method} ${pathname.replace(/^\/orders\/\d+/, '/orders/:id')}`]
  const body = Buffer.concat(await request.toArray()).toString()
  const { status, value } = answer(request, route, body === '' ? {} : JSON.parse(body), searchParams, Number(id))
  console.log(`${request.method} ${request.url} ${status}`)
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(value))
})

function answer(request, route, input, query, id) {
  if (request.headers['x-api-key'] !== key) return fail(401, 'KEY_MISSING', 'x-api-key is missing or wrong')
  return route === undefined ? fail(404, 'NO_SUCH_PAGE', `there is no ${request.url}`) : route(input, query, id)
}

server.listen(port, '127.0.0.1', () => console.log(`listening on ${server.address().port}`))
