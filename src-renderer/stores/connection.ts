/** Whether the main process can be reached. */
import { defineStore } from 'pinia'
import { onScopeDispose, ref } from 'vue'
import { onConnection, type ConnectionState } from '../api/index.ts'

export const useConnection = defineStore('connection', () => {
  const state = ref<ConnectionState>('open')
  onScopeDispose(
    onConnection((now) => {
      state.value = now
    }),
  )
  return { state }
})
