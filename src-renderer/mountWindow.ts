/** Puts the window together: styles, stores, screen. */
import './styles/tokens.css'
import './styles/base.css'
import './styles/controls.css'
import { createPinia } from 'pinia'
import { createApp } from 'vue'
import WindowFrame from './views/WindowFrame.vue'

export function mountWindow(connect: () => Promise<void>): void {
  createApp(WindowFrame, { connect }).use(createPinia()).mount('#app')
}
