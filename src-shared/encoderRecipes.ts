/**
 * How the usual encoders of pathology are fed: input, normalisation, features, licence, and where their owners offer them.
 * Tessera ships none of them and fetches none: whoever may use one brings it as an ONNX file. Figures from the owners' model
 * cards, November 2026; the file and a `config.json` beside it still win where they say otherwise.
 */
import type { Normalisation } from './models.ts'

export type EncoderRecipe = {
  name: string
  /** px of the input */
  edgePx: number
  normalisation: Normalisation
  /** µm/px it was trained at; null where it was trained at several */
  mpp: number | null
  /** features of a patch, and what they are made of */
  features: string
  licence: string
  /** owner and model, as on the platform where it is offered */
  offeredAs: string
  /** whether the owner gives it out after asking only */
  gated: boolean
}

const IMAGENET: Normalisation = { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] }
const H_OPTIMUS: Normalisation = { mean: [0.707223, 0.578729, 0.703617], std: [0.211883, 0.230117, 0.177517] }
const HIBOU: Normalisation = { mean: [0.7068, 0.5755, 0.722], std: [0.195, 0.2316, 0.1816] }
const LUNIT: Normalisation = {
  mean: [0.70322989, 0.53606487, 0.66096631],
  std: [0.21716536, 0.26081574, 0.20723464],
}
const HALF: Normalisation = { mean: [0.5, 0.5, 0.5], std: [0.5, 0.5, 0.5] }

const NON_COMMERCIAL = 'CC BY-NC-ND 4.0'

export const encoderRecipes: readonly EncoderRecipe[] = [
  {
    name: 'UNI',
    edgePx: 224,
    normalisation: IMAGENET,
    mpp: 0.5,
    features: '1,024, class token',
    licence: NON_COMMERCIAL,
    offeredAs: 'MahmoodLab/UNI',
    gated: true,
  },
  {
    name: 'UNI2-h',
    edgePx: 224,
    normalisation: IMAGENET,
    mpp: 0.5,
    features: '1,536, class token',
    licence: NON_COMMERCIAL,
    offeredAs: 'MahmoodLab/UNI2-h',
    gated: true,
  },
  {
    name: 'Virchow',
    edgePx: 224,
    normalisation: IMAGENET,
    mpp: 0.5,
    features: '2,560, class token and mean of the patch tokens',
    licence: 'Apache 2.0',
    offeredAs: 'paige-ai/Virchow',
    gated: true,
  },
  {
    name: 'Virchow2',
    edgePx: 224,
    normalisation: IMAGENET,
    mpp: null,
    features: '2,560, class token and mean of the patch tokens',
    licence: NON_COMMERCIAL,
    offeredAs: 'paige-ai/Virchow2',
    gated: true,
  },
  {
    name: 'Prov-GigaPath',
    edgePx: 224,
    normalisation: IMAGENET,
    mpp: 0.5,
    features: '1,536, class token',
    licence: 'Apache 2.0',
    offeredAs: 'prov-gigapath/prov-gigapath',
    gated: true,
  },
  {
    name: 'H-optimus-0',
    edgePx: 224,
    normalisation: H_OPTIMUS,
    mpp: 0.5,
    features: '1,536, class token',
    licence: 'Apache 2.0',
    offeredAs: 'bioptimus/H-optimus-0',
    gated: true,
  },
  {
    name: 'H0-mini',
    edgePx: 224,
    normalisation: H_OPTIMUS,
    mpp: 0.5,
    features: '768, class token',
    licence: NON_COMMERCIAL,
    offeredAs: 'bioptimus/H0-mini',
    gated: true,
  },
  {
    name: 'Phikon',
    edgePx: 224,
    normalisation: IMAGENET,
    mpp: 0.5,
    features: '768, class token',
    licence: 'Owkin, non-commercial',
    offeredAs: 'owkin/phikon',
    gated: false,
  },
  {
    name: 'Phikon-v2',
    edgePx: 224,
    normalisation: IMAGENET,
    mpp: 0.5,
    features: '1,024, class token',
    licence: NON_COMMERCIAL,
    offeredAs: 'owkin/phikon-v2',
    gated: false,
  },
  {
    name: 'Hibou-B',
    edgePx: 224,
    normalisation: HIBOU,
    mpp: 0.5,
    features: '768, class token',
    licence: 'Apache 2.0',
    offeredAs: 'histai/hibou-b',
    gated: true,
  },
  {
    name: 'Hibou-L',
    edgePx: 224,
    normalisation: HIBOU,
    mpp: 0.5,
    features: '1,024, class token',
    licence: 'Apache 2.0',
    offeredAs: 'histai/hibou-L',
    gated: true,
  },
  {
    name: 'Midnight-12k',
    edgePx: 224,
    normalisation: HALF,
    mpp: null,
    features: '3,072, class token and mean of the patch tokens',
    licence: 'MIT',
    offeredAs: 'kaiko-ai/midnight',
    gated: false,
  },
  {
    name: 'Lunit ViT-S/16 (DINO)',
    edgePx: 224,
    normalisation: LUNIT,
    mpp: null,
    features: '384, class token',
    licence: 'Lunit, non-commercial',
    offeredAs: 'lunit-io/benchmark-ssl-pathology',
    gated: false,
  },
]
