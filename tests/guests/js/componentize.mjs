// SPDX-License-Identifier: Apache-2.0
// componentize.mjs TOOLS SOURCE WIT WORLD OUT.wasm: makes a component of JavaScript, by the componentize-js in the folder
// TOOLS. Only what the world imports is let in: no clock, no random numbers behind the source's back. Where the world
// exports the handler of HTTP requests, they come as the event `fetch`, which can't do without a clock.

import {readFile, writeFile} from 'node:fs/promises'
import {resolve} from 'node:path'
import {pathToFileURL} from 'node:url'

const [tools, source, wit, world, out] = process.argv.slice(2)
const found = resolve(tools, 'node_modules/@bytecodealliance/componentize-js/src/componentize.js')
const {componentize} = await import(pathToFileURL(found))
const text = await readFile(resolve(wit, 'world.wit'), 'utf8')
const disableFeatures = ['random']
if (!text.includes('export wasi:http/incoming-handler')) disableFeatures.push('fetch-event')
if (!text.includes('export wasi:http/incoming-handler') && !text.includes('import wasi:clocks')) disableFeatures.push('clocks')
if (!text.includes('wasi:http')) disableFeatures.push('http')
const {component} = await componentize({sourcePath: source, witPath: wit, worldName: world, disableFeatures})
await writeFile(out, component)
