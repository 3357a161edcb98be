/** The pixels of one patch: uint8, [height, width, channel], rows from the top. */
export type PatchShape = { channels: number; height: number; width: number }

/** Bytes of one patch. */
export const patchBytes = ({ channels, height, width }: PatchShape): number => channels * height * width
