// SPDX-License-Identifier: Apache-2.0
// h2_server.mjs CERTIFICATE KEY: HTTP/2 on 127.0.0.1 and ::1, over TLS (ALPN h2 only) and without; prints its ports as
// JSON and ends when its standard input does. What a path does:
//
//   /                     a short text                 /request          the request as JSON
//   /echo                 the body as it comes         /sink             the body's length as text
//   /bytes/N              N bytes                      /status/CODE      that status
//   /trailers             trailers x-checksum, x-last  /headers/N        N headers x-header-I
//   /hints                103, then 200                /redirect?to=URL  302
//   /connections          sessions so far, as text     /streams          the most streams at once on one session
//   /hold/N               answers once N are held      /slow-first/S     waits S seconds before the answer
//   /never                no answer                    /endless          a body without end
//   /reset[/CODE]         RST_STREAM without an answer /reset-body/N     RST_STREAM after N bytes
//   /go-away              GOAWAY, then the answer      /drop             ends the session without an answer
//   /header-bomb/N        one header of N bytes        /trailer-bomb/N   one trailer of N bytes
//   /short/N/M            says N bytes, sends M

import fs from 'node:fs'
import http2 from 'node:http2'

const CHUNK = Buffer.alloc(256 << 10)
const {HTTP2_HEADER_STATUS: STATUS, NGHTTP2_REFUSED_STREAM, NGHTTP2_CANCEL} = http2.constants
let sessions = 0
let mostStreams = 0
let held = []

function say(stream, text, headers = {}) {
  stream.respond({[STATUS]: 200, 'content-type': 'text/plain', ...headers})
  stream.end(text)
}

function pour(stream, left) {
  while (left > 0 && !stream.destroyed) {
    const part = left < CHUNK.length ? CHUNK.subarray(0, left) : CHUNK
    left -= part.length
    if (!stream.write(part)) {
      stream.once('drain', () => pour(stream, left))
      return
    }
  }
  if (!stream.destroyed) stream.end()
}

function taken(stream, done) {
  let bytes = 0
  const parts = []
  stream.on('data', part => {
    bytes += part.length
    if (bytes <= 1 << 20) parts.push(part)
  })
  stream.on('end', () => done(bytes, Buffer.concat(parts)))
}

function withTrailers(stream, trailers) {
  stream.respond({[STATUS]: 200}, {waitForTrailers: true})
  stream.on('wantTrailers', () => stream.sendTrailers(trailers))
  stream.end('trailed')
}

const paths = {
  '': stream => say(stream, 'hello from the test server\n'),
  request: (stream, _, headers) => taken(stream, (bytes, body) => say(stream, JSON.stringify({
    headers: Object.entries(headers), body: body.toString('latin1'), body_bytes: bytes}) + '\n')),
  echo: stream => {
    stream.respond({[STATUS]: 200})
    stream.pipe(stream)
  },
  sink: stream => taken(stream, bytes => say(stream, `${bytes}\n`)),
  bytes: (stream, [count]) => {
    stream.respond({[STATUS]: 200, 'content-length': count})
    pour(stream, Number(count))
  },
  status: (stream, [code]) => {
    stream.respond({[STATUS]: Number(code)}, {endStream: true})
  },
  trailers: stream => withTrailers(stream, {'x-checksum': '7', 'x-last': 'yes'}),
  headers: (stream, [count]) => say(stream, 'headers\n',
    Object.fromEntries(Array.from({length: Number(count)}, (_, i) => [`x-header-${i}`, `${i}`]))),
  hints: stream => {
    stream.additionalHeaders({[STATUS]: 103, link: '</style.css>; rel=preload'})
    say(stream, 'after a hint\n')
  },
  redirect: (stream, _, headers) => {
    const to = new URL(headers[':path'], 'https://test').searchParams.get('to')
    stream.respond({[STATUS]: 302, location: to}, {endStream: true})
  },
  connections: stream => say(stream, `${sessions}\n`),
  streams: stream => say(stream, `${mostStreams}\n`),
  hold: (stream, [count]) => {
    held.push(stream)
    if (held.length < Number(count)) return
    for (const one of held) if (!one.destroyed) say(one, 'all are here\n')
    held = []
  },
  'slow-first': (stream, [seconds]) => setTimeout(() => !stream.destroyed && say(stream, 'at last\n'), seconds * 1000),
  never: () => {},
  endless: stream => {
    stream.respond({[STATUS]: 200})
    pour(stream, Infinity)
  },
  reset: (stream, [code]) => stream.close(code ? Number(code) : NGHTTP2_REFUSED_STREAM),
  'reset-body': (stream, [count]) => {
    stream.respond({[STATUS]: 200})
    stream.write(Buffer.alloc(Number(count)), () => setTimeout(() => stream.close(NGHTTP2_CANCEL), 50))
  },
  'go-away': stream => {
    stream.session.goaway()
    say(stream, 'the last answer\n')
  },
  drop: stream => stream.session.destroy(),
  'header-bomb': (stream, [count]) => say(stream, 'bomb\n', {'x-bomb': 'b'.repeat(Number(count))}),
  'trailer-bomb': (stream, [count]) => withTrailers(stream, {'x-bomb': 'b'.repeat(Number(count))}),
  short: (stream, [said, sent]) => {
    stream.respond({[STATUS]: 200, 'content-length': said})
    pour(stream, Number(sent))
  },
}

function onStream(stream, headers) {
  stream.on('error', () => {})
  const [name, ...words] = headers[':path'].split('?')[0].slice(1).split('/')
  const open = stream.session.streamsOpen = (stream.session.streamsOpen ?? 0) + 1
  mostStreams = Math.max(mostStreams, open)
  stream.on('close', () => stream.session && stream.session.streamsOpen--)
  if (!Object.hasOwn(paths, name)) {
    stream.respond({[STATUS]: 404}, {endStream: true})
    return
  }
  try {
    paths[name](stream, words, headers)
  } catch (error) {
    stream.close(NGHTTP2_CANCEL)
  }
}

function started(make, host, port) {
  return new Promise((resolve, reject) => {
    const server = make()
    server.on('stream', onStream)
    server.on('session', session => {
      sessions++
      session.on('error', () => {})
    })
    server.on('sessionError', () => {})
    server.on('error', reject)
    server.listen(port, host, () => resolve(server))
  })
}

/// A port that is free on both loopback addresses.
async function onBoth(make) {
  for (let tries = 0; ; ++tries) {
    const first = await started(make, '127.0.0.1', 0)
    const port = first.address().port
    try {
      await started(make, '::1', port)
      return port
    } catch (error) {
      first.close()
      if (tries === 50) throw error
    }
  }
}

const [certificate, key] = process.argv.slice(2)
const settings = {maxConcurrentStreams: 2000, initialWindowSize: 4 << 20}
const limits = {settings, maxSendHeaderBlockLength: 1 << 24, maxSessionMemory: 1000}
const secure = {...limits, cert: fs.readFileSync(certificate), key: fs.readFileSync(key), ALPNProtocols: ['h2']}
const tls = await onBoth(() => http2.createSecureServer(secure))
const plain = await onBoth(() => http2.createServer(limits))
console.log(JSON.stringify({tls, plain}))
process.stdin.resume()
process.stdin.on('end', () => process.exit(0))
