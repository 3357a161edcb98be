/** Times as the screen writes them: 1:20 for how long, 12:03:07 for when. */

const two = (value: number): string => String(value).padStart(2, '0')

/** 0:07, 1:20, 2:05:00 */
export function duration(seconds: number): string {
  const all = Math.max(0, Math.round(seconds))
  const hours = Math.floor(all / 3600)
  const minutes = Math.floor((all % 3600) / 60)
  const rest = two(all % 60)
  return hours > 0 ? `${hours}:${two(minutes)}:${rest}` : `${minutes}:${rest}`
}

/** 12:03:07, local time */
export function clock(at: number): string {
  const time = new Date(at)
  return `${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`
}

/** 22 Nov 2026, 12:03; the time alone when it was today */
export function when(at: number, now = Date.now()): string {
  const time = new Date(at)
  const minutes = `${two(time.getHours())}:${two(time.getMinutes())}`
  if (time.toDateString() === new Date(now).toDateString()) return minutes
  return `${time.toLocaleDateString('en-GB', { day: 'numeric', month: 'short', year: 'numeric' })}, ${minutes}`
}
