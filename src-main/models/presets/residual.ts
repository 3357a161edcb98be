/**
 * Residual block of two convolutions: y = relu(x + f(x)); where the shape changes, x passes a 1 × 1 convolution.
 * @see He, Zhang, Ren, Sun, Deep Residual Learning for Image Recognition, CVPR (2016), figure 2 and section 3.3, option B
 */
import type { Stack } from './stack.ts'

export type BlockOptions = { stride: number; /** whether x has another width */ widens: boolean }

export function residualBlock(stack: Stack, name: string, width: number, { stride, widens }: BlockOptions): void {
  const from = stack.last()
  const shortcut = passedOn(stack, name, width, { stride, widens })
  stack.convolve(`${name}_a`, width, 3, { stride, from })
  const learned = stack.convolve(`${name}_b`, width, 3, { linear: true })
  addAndBend(stack, name, shortcut, learned)
}

/** x as the sum takes it. @returns name of the layer to add */
export function passedOn(stack: Stack, name: string, width: number, { stride, widens }: BlockOptions): string {
  const from = stack.last()
  const changes = stride > 1 || widens
  return changes ? stack.convolve(`${name}_shortcut`, width, 1, { stride, from, linear: true }) : from
}

export function addAndBend(stack: Stack, name: string, shortcut: string, learned: string): void {
  stack.add({ kind: 'add', id: `${name}_sum`, inputs: [shortcut, learned] })
  stack.add({ kind: 'relu', id: `${name}_relu` })
}
