// SPDX-License-Identifier: Apache-2.0
// Knocks on three doors, as far as it is told to: reads a file, fetches a URL, talks over a socket.
//
// `tour [--file PATH] [--url URL] [--tcp HOST:PORT]` prints one line a step, `STEP: …`, or `STEP: error CODE` with WASI's
// name of the error. The status is 1 if any step failed. JavaScript has `fetch` of its own, but it throws the same
// TypeError whatever went wrong; here all three steps use WASI's interfaces of 0.2.

import {getArguments} from 'wasi:cli/environment@0.2.10'
import {getDirectories} from 'wasi:filesystem/preopens@0.2.10'
import {handle} from 'wasi:http/outgoing-handler@0.2.10'
import {Fields, OutgoingBody, OutgoingRequest, httpErrorCode} from 'wasi:http/types@0.2.10'
import {instanceNetwork} from 'wasi:sockets/instance-network@0.2.10'
import {resolveAddresses} from 'wasi:sockets/ip-name-lookup@0.2.10'
import {createTcpSocket} from 'wasi:sockets/tcp-create-socket@0.2.10'

const READ_BYTES = 65536n
const steps = {'--file': readFile, '--url': get, '--tcp': ask}

export const run = {
  run() {
    const words = getArguments().slice(1)
    let failed = words.length % 2 === 1
    for (let i = 0; i + 1 < words.length; i += 2) {
      let told
      try {
        told = steps[words[i]](words[i + 1])
      } catch (error) {
        failed = true
        told = `error ${witName(error)}`
      }
      console.log(`${words[i].slice(2)}: ${told}`)
    }
    if (failed) throw undefined
  },
}

/// Errors of WASI are thrown with the value as their payload: a text, or an object with a tag.
function witName(error) {
  const value = error?.payload ?? error
  return (value?.tag ?? String(value)).toLowerCase()
}

/// All bytes of a stream, by what each part is given to.
function drain(stream, taken) {
  for (;;) {
    let part
    try {
      part = stream.blockingRead(READ_BYTES)
    } catch (error) {
      if (error.payload?.tag === 'closed') return
      throw {payload: httpErrorCode(error.payload.val) ?? 'last-operation-failed'}
    }
    taken(part)
  }
}

function readFile(path) {
  const inside = ([, name]) => path === name || path.startsWith(name.endsWith('/') ? name : `${name}/`)
  const [folder, name] = getDirectories().filter(inside).sort((a, b) => b[1].length - a[1].length)[0] ?? []
  if (!folder) throw {payload: 'no-entry'}
  const relative = path.slice(name.length).replace(/^\/+/, '') || '.'
  const file = folder.openAt({symlinkFollow: true}, relative, {}, {read: true})
  let length = 0
  for (;;) {
    const [bytes, last] = file.read(READ_BYTES, BigInt(length))
    length += bytes.length
    if (last || bytes.length === 0) return `${length} bytes`
  }
}

function get(url) {
  const [, scheme, authority, path] = url.match(/^([^:]*):\/\/([^/]*)(.*)$/) ?? []
  if (!scheme) throw {payload: 'no scheme in the URL'}
  const known = {http: {tag: 'HTTP'}, https: {tag: 'HTTPS'}}
  const request = new OutgoingRequest(new Fields())
  request.setScheme(known[scheme] ?? {tag: 'other', val: scheme})
  request.setAuthority(authority)
  request.setPathWithQuery(path || '/')
  const body = request.body()
  const future = handle(request, undefined)
  OutgoingBody.finish(body, undefined)
  future.subscribe().block()
  const answer = future.get().val // of the future, then of the request
  if (answer.tag === 'err') throw {payload: answer.val}
  const response = answer.val
  const status = response.status()
  let length = 0
  drain(response.consume().stream(), part => (length += part.length))
  return `${status}, ${length} bytes`
}

/// What a step of the source returns once it no longer says that it would block.
function onceReady(source, step) {
  for (;;) {
    try {
      return step()
    } catch (error) {
      if (error.payload !== 'would-block') throw error
      source.subscribe().block()
    }
  }
}

function ask(target) {
  const colon = target.lastIndexOf(':')
  const host = target.slice(0, colon).replace(/^\[|\]$/g, '')
  const port = Number(target.slice(colon + 1))
  const network = instanceNetwork()
  const names = resolveAddresses(network, host)
  let failure = {payload: 'name-unresolvable'}
  for (let address; (address = onceReady(names, () => names.resolveNextAddress())); ) {
    try {
      return talk(connect(network, address, port))
    } catch (error) {
      failure = error
    }
  }
  throw failure
}

function connect(network, address, port) {
  const socket = createTcpSocket(address.tag)
  const v6 = address.tag === 'ipv6' ? {flowInfo: 0, scopeId: 0} : {}
  socket.startConnect(network, {tag: address.tag, val: {port, address: address.val, ...v6}})
  const [reading, writing] = onceReady(socket, () => socket.finishConnect())
  return {socket, reading, writing}
}

function talk({reading, writing}) {
  writing.blockingWriteAndFlush(new TextEncoder().encode('ping\n'))
  const line = []
  while (line.at(-1) !== 10) {
    try {
      line.push(...reading.blockingRead(1n))
    } catch (error) {
      if (error.payload?.tag !== 'closed') throw error
      break
    }
  }
  return new TextDecoder().decode(new Uint8Array(line)).trimEnd()
}
