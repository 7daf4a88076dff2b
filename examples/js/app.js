// SPDX-License-Identifier: Apache-2.0
// The links of a page: GET /links?of=URL fetches it and answers with where it leads, as JSON.
//
// componentize-js turns the `fetch` event into wasi:http's handler, and `fetch` into a request of the host. Its `fetch`
// throws the same error whatever went wrong, so this can't say more than that there was no answer.

const LINK = /<a\s[^>]*?href\s*=\s*["']([^"']*)["']/gi

addEventListener('fetch', event => event.respondWith(answer(event.request)))

async function answer(request) {
  const asked = new URL(request.url)
  if (asked.pathname !== '/links') return told(404, {error: 'links are at /links?of=URL'})
  const page = asked.searchParams.get('of')
  if (!/^https?:\/\//.test(page ?? '')) return told(400, {error: 'of= names no URL'})

  let found
  try {
    found = await fetch(page)
  } catch {
    return told(502, {error: `${page} can't be fetched`})
  }
  const text = await found.text()
  return told(200, {page, status: found.status, links: linksOf(text, page)})
}

/// Each once, absolute, in the page's order.
function linksOf(text, page) {
  const links = new Set()
  for (const [, href] of text.matchAll(LINK)) {
    try {
      links.add(new URL(href, page).href)
    } catch {
      // no address, so no link
    }
  }
  return [...links]
}

function told(status, value) {
  return new Response(`${JSON.stringify(value)}\n`, {status, headers: {'content-type': 'application/json'}})
}
