/** The schema of a project's database, step by step. Append; a step that was released is never changed. */
import type { Migration } from '../migrate.ts'
import { project } from './0001-project.ts'
import { slides } from './0002-slides.ts'
import { patches } from './0003-patches.ts'
import { labels } from './0004-labels.ts'
import { jobs } from './0005-jobs.ts'
import { models } from './0006-models.ts'
import { predictions } from './0007-predictions.ts'
import { folds } from './0008-folds.ts'
import { heldOut } from './0009-held-out.ts'
import { tissue } from './0010-tissue.ts'
import { viewing } from './0011-viewing.ts'
import { looks } from './0012-looks.ts'
import { setPictures } from './0013-set-pictures.ts'
import { features } from './0014-features.ts'
import { maps } from './0015-maps.ts'

export const migrations: readonly Migration[] = [
  project,
  slides,
  patches,
  labels,
  jobs,
  models,
  predictions,
  folds,
  heldOut,
  tissue,
  viewing,
  looks,
  setPictures,
  features,
  maps,
]
