/** `npm run build`: the program into out/, set up where that was not done yet. */
import { build, install } from './setup.mjs'

install()
build()
