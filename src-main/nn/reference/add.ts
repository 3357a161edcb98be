/** Add: y = x₁ + x₂ + …, place by place. Each summand's gradient is the whole gradient. */
import { zeros, type Tensor } from './tensor.ts'

/** @param summands of one shape */
export function add(summands: readonly Tensor[]): Tensor {
  const sum = zeros(summands[0]?.dims ?? [])
  for (const { data } of summands) for (const [place, value] of data.entries()) sum.data[place]! += value
  return sum
}

export const addBackward = (summands: readonly Tensor[], gradient: Tensor): Tensor[] => summands.map(() => gradient)
