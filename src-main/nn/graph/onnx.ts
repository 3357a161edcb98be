/**
 * ONNX files: the part of the format Tessera writes and reads, as protocol buffers.
 *
 * Field numbers are those of the standard (onnx/onnx.proto, IR version 8); fields of the standard that are not listed are
 * skipped when a file is read. Tensors lie as raw little-endian bytes.
 */
import protobuf from 'protobufjs'

/** Element types, TensorProto.DataType. */
export const FLOAT32 = 1
const INT64 = 7

/** AttributeProto.AttributeType. */
const ATTRIBUTE_FLOAT = 1
const ATTRIBUTE_INT = 2
const ATTRIBUTE_STRING = 3
const ATTRIBUTE_INTS = 7

const IR_VERSION = 8
/** Standard operators as of this version; read by ONNX Runtime since 1.13 and by OpenCV, tract and others. */
const OPSET = 17
/** Operators of ONNX Runtime's own, used in training graphs only: those never leave the program. */
export const RUNTIME_DOMAIN = 'com.microsoft'

export type OnnxAttribute = { name: string; type: number; f?: number; i?: number; s?: Uint8Array; ints?: number[] }
export type OnnxNode = {
  name: string
  opType: string
  domain: string
  input: string[]
  output: string[]
  attribute: OnnxAttribute[]
}
export type OnnxTensor = { name: string; dataType: number; dims: number[]; rawData: Uint8Array }
/** One axis: a length, or the name of one that each call may choose. */
export type OnnxAxis = { dimValue?: number; dimParam?: string }
export type OnnxValue = {
  name: string
  type: { tensorType: { elemType: number; shape?: { dim: OnnxAxis[] } | null } }
}
export type OnnxGraph = {
  name: string
  node: OnnxNode[]
  initializer: OnnxTensor[]
  input: OnnxValue[]
  output: OnnxValue[]
}
export type OnnxModel = {
  irVersion: number
  producerName: string
  docString: string
  opsetImport: { domain: string; version: number }[]
  graph: OnnxGraph
  metadataProps: { key: string; value: string }[]
}

const field = (type: string, id: number) => ({ type, id })
const list = (type: string, id: number) => ({ rule: 'repeated', type, id })

const proto = protobuf.Root.fromJSON({
  nested: {
    Attribute: {
      fields: {
        name: field('string', 1),
        f: field('float', 2),
        i: field('int64', 3),
        s: field('bytes', 4),
        ints: { ...list('int64', 8), options: { packed: false } },
        type: field('int32', 20),
      },
    },
    Node: {
      fields: {
        input: list('string', 1),
        output: list('string', 2),
        name: field('string', 3),
        opType: field('string', 4),
        attribute: list('Attribute', 5),
        domain: field('string', 7),
      },
    },
    Tensor: {
      fields: {
        dims: { ...list('int64', 1), options: { packed: false } },
        dataType: field('int32', 2),
        name: field('string', 8),
        rawData: field('bytes', 9),
      },
    },
    Axis: {
      oneofs: { value: { oneof: ['dimValue', 'dimParam'] } },
      fields: { dimValue: field('int64', 1), dimParam: field('string', 2) },
    },
    TensorShape: { fields: { dim: list('Axis', 1) } },
    TensorType: { fields: { elemType: field('int32', 1), shape: field('TensorShape', 2) } },
    Type: { fields: { tensorType: field('TensorType', 1) } },
    Value: { fields: { name: field('string', 1), type: field('Type', 2) } },
    Graph: {
      fields: {
        node: list('Node', 1),
        name: field('string', 2),
        initializer: list('Tensor', 5),
        input: list('Value', 11),
        output: list('Value', 12),
      },
    },
    OperatorSet: { fields: { domain: field('string', 1), version: field('int64', 2) } },
    Entry: { fields: { key: field('string', 1), value: field('string', 2) } },
    Model: {
      fields: {
        irVersion: field('int64', 1),
        producerName: field('string', 2),
        docString: field('string', 6),
        graph: field('Graph', 7),
        opsetImport: list('OperatorSet', 8),
        metadataProps: list('Entry', 14),
      },
    },
  },
})
const Model = proto.lookupType('Model')

/** The bytes of an ONNX file around a graph. */
export function encodeModel(graph: OnnxGraph, about: { text: string; metadata?: Record<string, string> }): Uint8Array {
  const usesRuntime = graph.node.some((node) => node.domain === RUNTIME_DOMAIN)
  const model: OnnxModel = {
    irVersion: IR_VERSION,
    producerName: 'tessera',
    docString: about.text,
    opsetImport: [{ domain: '', version: OPSET }, ...(usesRuntime ? [{ domain: RUNTIME_DOMAIN, version: 1 }] : [])],
    graph,
    metadataProps: Object.entries(about.metadata ?? {}).map(([key, value]) => ({ key, value })),
  }
  return Model.encode(Model.fromObject(model)).finish()
}

/** Bytes that, behind an ONNX file, add operators and results to its graph: see innerValue.ts. */
export const appendedModel = (
  graph: Pick<OnnxGraph, 'node'> & { output: (OnnxValue | { name: string })[] },
): Uint8Array => Model.encode(Model.fromObject({ graph })).finish()

/** @throws {Error} when the bytes are not a protocol buffer, or hold no graph */
export function decodeModel(bytes: Uint8Array): OnnxModel {
  const decoded = Model.toObject(Model.decode(bytes), { longs: Number, defaults: true }) as OnnxModel | { graph: null }
  if (decoded.graph === null) throw new Error('it holds no graph')
  return decoded
}

export const floatAttribute = (name: string, f: number): OnnxAttribute => ({ name, type: ATTRIBUTE_FLOAT, f })
export const intAttribute = (name: string, i: number): OnnxAttribute => ({ name, type: ATTRIBUTE_INT, i })
export const intsAttribute = (name: string, ints: number[]): OnnxAttribute => ({ name, type: ATTRIBUTE_INTS, ints })
export const textAttribute = (name: string, text: string): OnnxAttribute => ({
  name,
  type: ATTRIBUTE_STRING,
  s: new TextEncoder().encode(text),
})

/** @param dims a number is a fixed length, a word the name of a length each call may choose */
export const tensorValue = (name: string, elemType: number, dims: readonly (number | string)[]): OnnxValue => ({
  name,
  type: {
    tensorType: {
      elemType,
      shape: { dim: dims.map((axis) => (typeof axis === 'number' ? { dimValue: axis } : { dimParam: axis })) },
    },
  },
})

/** A result whose shape follows from the operators before it. */
export const tensorOfAnyShape = (name: string, elemType: number): OnnxValue => ({
  name,
  type: { tensorType: { elemType } },
})

export const floatTensor = (name: string, dims: readonly number[], data: Float32Array): OnnxTensor => ({
  name,
  dataType: FLOAT32,
  dims: [...dims],
  rawData: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
})

export const int64Tensor = (name: string, dims: readonly number[], data: readonly number[]): OnnxTensor => ({
  name,
  dataType: INT64,
  dims: [...dims],
  rawData: new Uint8Array(BigInt64Array.from(data, BigInt).buffer),
})

/** The numbers of a float32 tensor; copied, because they may lie anywhere in the file. */
export const floatsOf = (tensor: OnnxTensor): Float32Array => new Float32Array(new Uint8Array(tensor.rawData).buffer)
