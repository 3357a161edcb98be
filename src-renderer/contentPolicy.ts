/**
 * What the window's content policy asks of the libraries. Imported before everything else.
 *
 * OpenSeadragon empties elements with `innerHTML = ''`; under `require-trusted-types-for 'script'` that needs a policy.
 * This one accepts the empty string and nothing else, so text can never become markup. zod would try whether it may
 * compile its checks with `new Function`; it may not, so it is told not to try.
 */
import { config } from 'zod'

type Rules = { createHTML(markup: string): string }
type Factory = { createPolicy(name: string, rules: Rules): unknown }

const { trustedTypes } = globalThis as { trustedTypes?: Factory }
trustedTypes?.createPolicy('default', {
  createHTML(markup) {
    if (markup !== '') throw new TypeError('Text is never turned into markup here.')
    return markup
  },
})

config({ jitless: true })
