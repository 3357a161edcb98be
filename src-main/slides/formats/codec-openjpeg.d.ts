/** The part of OpenJPEG's WebAssembly build that is used; the package has no types of its own. */
declare module '@cornerstonejs/codec-openjpeg/decodewasmjs' {
  export interface J2KDecoder {
    /** Room for the codestream, in the memory of the module. */
    getEncodedBuffer(bytes: number): Uint8Array
    decode(): void
    getFrameInfo(): {
      width: number
      height: number
      bitsPerSample: number
      componentCount: number
      isSigned: boolean
    }
    /** [height, width, component], in the memory of the module: to be copied before the next call */
    getDecodedBuffer(): Uint8Array
    delete(): void
  }
  interface Module {
    J2KDecoder: new () => J2KDecoder
  }
  const load: (options: { print: (line: string) => void; printErr: (line: string) => void }) => Promise<Module>
  export default load
}
