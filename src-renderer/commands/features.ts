/** Commands about features of patches. */
import { useFaults } from '../stores/faults.ts'
import { useFeatures } from '../stores/features.ts'
import { useModels } from '../stores/models.ts'
import { useProject } from '../stores/project.ts'
import { command } from './command.ts'

export const featureCommands = () => [
  command({
    id: 'features.addEncoder',
    title: 'Use the chosen model as encoder',
    group: 'Features',
    when: () => useProject().canChange && useModels().chosen !== null,
    run: () =>
      useFaults().attempt('features', 'The encoder was not added.', () =>
        useFeatures().add({ from: { kind: 'model', model: useModels().chosen!.id }, words: {} }),
      ),
  }),
  command({
    id: 'features.extract',
    title: 'Extract features of what is open',
    group: 'Features',
    when: () => useProject().canChange && useFeatures().chosen !== null && useFeatures().openSource !== null,
    run: () =>
      useFaults().attempt('features', 'The features were not extracted.', () =>
        useFeatures().extract([useFeatures().openSource!]),
      ),
  }),
]
