/** The window's entry, top to bottom: content policy, tiles, app; the wire connects while the app is already there. */
import './contentPolicy.ts'
import { openApi } from './api/index.ts'
import { openTiles } from './api/tiles.ts'
import { openWire } from './api/wire.ts'
import { mountWindow } from './mountWindow.ts'

openTiles()
mountWindow(() => openApi(openWire))
