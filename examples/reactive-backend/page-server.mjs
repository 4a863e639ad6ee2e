// Serves the page on loopback. It knows nothing of todos: those come to the browser from the stream.
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'

const port = Number(process.env.PAGE_PORT ?? 8080)
const streamUrl = process.env.STREAM_URL ?? `ws://127.0.0.1:${process.env.STREAM_PORT ?? 3112}`

const apiUrl = process.env.API_URL ?? `http://127.0.0.1:${process.env.HTTP_PORT ?? 3111}`

const FILES = {
  '/': ['index.html', 'text/html'],
  '/app.js': ['app.js', 'text/javascript'],
  '/live-stream.js': ['live-stream.js', 'text/javascript'],
  '/style.css': ['style.css', 'text/css'],
}

const server = createServer(async (request, response) => {
  const { pathname } = new URL(request.url, 'http://localhost')
  if (pathname === '/settings.json') {
    return response.setHeader('Content-Type', 'application/json').end(JSON.stringify({ streamUrl, apiUrl }))
  }
  const [file, type] = FILES[pathname] ?? []
  if (file === undefined) return response.writeHead(404).end()
  const content = await readFile(new URL(`page/${file}`, import.meta.url))
  response.setHeader('Content-Type', `${type}; charset=utf-8`).end(content)
})

server.on('error', (error) => {
  const hint = error.code === 'EADDRINUSE' ? 'The port is taken: set PAGE_PORT to another one.' : ''
  console.error(`The page can't be served on 127.0.0.1:${port}: ${error.message}. ${hint}`)
  process.exitCode = 1
})
server.listen(port, '127.0.0.1', () => console.log(`The page is at http://127.0.0.1:${server.address().port}/`))
