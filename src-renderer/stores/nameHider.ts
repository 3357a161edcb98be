/** Takes names out of sentences. Pure. */

/** A name of one or two characters is a name only in quotes or before the ending of a file: “1”, 1.svs */
const SHORT = 3

const escaped = (name: string): string => name.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)

/**
 * @param names real name → what it is called; of names that contain each other the longest counts
 * @returns a function that replaces every name that stands by itself, whatever its case
 */
export function nameHider(names: Iterable<readonly [real: string, shown: string]>): (text: string) => string {
  const shown = new Map<string, string>()
  for (const [real, called] of names)
    if (real !== '' && !shown.has(real.toLowerCase())) shown.set(real.toLowerCase(), called)
  if (shown.size === 0) return (text) => text
  const longestFirst = [...shown.keys()].toSorted((a, b) => b.length - a.length)
  const alternatives = longestFirst.map((name) =>
    name.length < SHORT
      ? String.raw`(?<=[“"])${escaped(name)}(?=[”"])|${escaped(name)}(?=\.[a-z]{2,4}\b)`
      : escaped(name),
  )
  const pattern = new RegExp(String.raw`(?<![\p{L}\p{N}])(?:${alternatives.join('|')})(?![\p{L}\p{N}])`, 'giu')
  return (text) => text.replace(pattern, (found) => shown.get(found.toLowerCase()) ?? found)
}
