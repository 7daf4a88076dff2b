// SPDX-License-Identifier: Apache-2.0
// A rule: what the shop has many of is a tenth cheaper.

import { find } from 'shop:till/catalogue@1.0.0'

const MANY = 100

export const rule = {
  apply(basket) {
    return basket.map((line) => {
      const many = (find(line.article)?.stock ?? 0) >= MANY
      return many ? { ...line, cents: line.cents - line.cents / 10n } : line
    })
  },
}
