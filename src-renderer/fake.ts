/** The window over made-up data: `fake.html?scene=full`. No part of the program. */
import './contentPolicy.ts'
import { fakeMain } from './api/fake/index.ts'
import { sceneNamed } from './api/fake/scene.ts'
import { openApi } from './api/index.ts'
import { useTileReader } from './api/tiles.ts'
import { mountWindow } from './mountWindow.ts'

const fake = fakeMain(sceneNamed(new URLSearchParams(location.search).get('scene')))
useTileReader(fake.readTiles)
mountWindow(() => openApi(fake.openWire))
window.addEventListener('tessera-cut', fake.cut)
