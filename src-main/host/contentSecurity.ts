/** What the window may load and do: nothing but its own files, its own wire, and pictures it decodes itself. */

/**
 * OpenSeadragon 6.1.1 adds one <style> element; it is allowed by its hash, so that no other inline style is.
 * A test compares the hash with the style in the package.
 */
export const OPENSEADRAGON_STYLE_HASH = 'sha256-9xTiqzfwFaL2SGb1rmr8gysEwVVjIvqWAgmZgqFqpEE='

/** @param connect further sources the window may connect to: the WebSocket of the web host */
export const contentSecurityPolicy = (connect: readonly string[] = []): string =>
  [
    `default-src 'none'`,
    `script-src 'self'`,
    `style-src 'self' '${OPENSEADRAGON_STYLE_HASH}'`,
    `img-src 'self' blob: data:`,
    `font-src 'self'`,
    `connect-src ${["'self'", ...connect].join(' ')}`,
    `worker-src 'self'`,
    `base-uri 'none'`,
    `form-action 'none'`,
    `frame-ancestors 'none'`,
    `object-src 'none'`,
    `require-trusted-types-for 'script'`,
    // OpenSeadragon empties elements with innerHTML = '': the policy “default” lets only the empty string pass
    `trusted-types default vue`,
  ].join('; ')

export const securityHeaders = (connect: readonly string[] = []): Record<string, string> => ({
  'content-security-policy': contentSecurityPolicy(connect),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-embedder-policy': 'require-corp',
  'cross-origin-resource-policy': 'same-origin',
})
