// SPDX-License-Identifier: Apache-2.0
// Fetches each path of its arguments (CID/NAME) with `fetch`, as a page would, and tells its owner how fast that went.

import {error, info, jobCompleted} from 'berth:activity/activity@0.1.0'
import {getArguments} from 'wasi:cli/environment@0.2.10'
import {now} from 'wasi:clocks/monotonic-clock@0.2.10'

export const run = {
  async run() {
    for (const path of getArguments().slice(1)) {
      try {
        info(await check(path))
        jobCompleted()
      } catch (why) {
        error(`${path}: ${why.payload?.val ?? why.message ?? why}`)
      }
    }
  },
}

async function check(path) {
  const begun = now()
  const answer = await fetch(`ipfs://${path}`)
  if (!answer.ok) throw new Error(`the answer is ${answer.status}`)
  let bytes = 0
  let first = 0n
  const body = answer.body.getReader()
  for (let part = await body.read(); !part.done; part = await body.read()) {
    if (bytes === 0) first = now() - begun
    bytes += part.value.length
  }
  const rate = (bytes / Number(now() - begun)) * 1000
  return `${path}: ${bytes} bytes at ${rate.toFixed(1)} MB/s, the first after ${first / 1000000n} ms`
}
