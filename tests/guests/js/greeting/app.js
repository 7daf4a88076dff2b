// SPDX-License-Identifier: Apache-2.0
// Greets whom it is told to: the smallest library that shows a string in and out.

export const greeting = {
  greet(name) {
    return `Hello, ${name}!`
  },
}
