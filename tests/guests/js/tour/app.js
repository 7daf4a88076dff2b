// SPDX-License-Identifier: Apache-2.0
// Knocks on three doors, as far as it is told to: reads a file, fetches a URL, talks over a socket.
//
// `tour [--file PATH] [--url URL] [--tcp HOST:PORT]` prints one line a step, `STEP: …`, or `STEP: error CODE` with WASI's
// name of the error. The status is 1 if any step failed. JavaScript has `fetch` of its own, but it throws the same
// TypeError whatever went wrong; here both steps that work use WASI's interfaces of 0.2.

import {getArguments} from 'wasi:cli/environment@0.2.10'
import {getDirectories} from 'wasi:filesystem/preopens@0.2.10'
import {handle} from 'wasi:http/outgoing-handler@0.2.10'
import {Fields, OutgoingBody, OutgoingRequest, httpErrorCode} from 'wasi:http/types@0.2.10'

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

/// componentize-js makes no class of a resource without methods, as `network` is: whatever takes or gives one fails.
function ask() {
  throw {payload: 'no sockets in this language'}
}
