/** Owns camera, microphone and screen: which there are, which are open, and what is said when one is refused. */
import { onScopeDispose, reactive, ref, shallowRef } from 'vue'
import { useEventListener } from '@vueuse/core'
import type { Quality } from './quality.ts'

export type SourceFault = 'denied' | 'missing' | 'busy'

export interface Device {
  value: string
  label: string
}

const faultOf = (error: unknown): SourceFault => {
  const name = error instanceof DOMException ? error.name : ''
  if (name === 'NotAllowedError' || name === 'SecurityError') return 'denied'
  return name === 'NotFoundError' || name === 'OverconstrainedError' ? 'missing' : 'busy'
}

export const useSources = () => {
  const camera = shallowRef<MediaStreamTrack>()
  const microphone = shallowRef<MediaStreamTrack>()
  const screen = shallowRef<MediaStreamTrack>()
  const screenSound = shallowRef<MediaStreamTrack>()
  const cameras = ref<Device[]>([])
  const microphones = ref<Device[]>([])
  const chosen = reactive({ camera: '', microphone: '' })
  const fault = ref<SourceFault>()

  const list = async (): Promise<void> => {
    const devices = await navigator.mediaDevices.enumerateDevices()
    const of = (kind: MediaDeviceKind): Device[] =>
      devices
        .filter((device) => device.kind === kind && device.deviceId !== '')
        .map((device, i) => ({ value: device.deviceId, label: device.label || `${i + 1}` }))
    cameras.value = of('videoinput')
    microphones.value = of('audioinput')
  }

  const openCamera = async (quality: Quality): Promise<void> => {
    const before = camera.value
    const stream = await navigator.mediaDevices.getUserMedia({
      video: {
        ...(chosen.camera ? { deviceId: { exact: chosen.camera } } : {}),
        width: { ideal: quality.width },
        height: { ideal: quality.height },
        frameRate: { ideal: quality.fps },
      },
    })
    camera.value = stream.getVideoTracks()[0]
    chosen.camera = camera.value?.getSettings().deviceId ?? chosen.camera
    before?.stop()
  }
  const openMicrophone = async (): Promise<void> => {
    const before = microphone.value
    const stream = await navigator.mediaDevices.getUserMedia({
      audio: {
        ...(chosen.microphone ? { deviceId: { exact: chosen.microphone } } : {}),
        echoCancellation: true,
        noiseSuppression: true,
      },
    })
    microphone.value = stream.getAudioTracks()[0]
    chosen.microphone = microphone.value?.getSettings().deviceId ?? chosen.microphone
    before?.stop()
  }
  const guarded = async (...work: (() => Promise<void>)[]): Promise<void> => {
    fault.value = undefined
    for (const open of work) {
      try {
        await open()
      } catch (error) {
        fault.value = faultOf(error)
      }
    }
    await list().catch(() => undefined)
  }

  const stopScreen = (): void => {
    screen.value?.stop()
    screenSound.value?.stop()
    screen.value = undefined
    screenSound.value = undefined
  }
  const shareScreen = async (quality: Quality): Promise<void> => {
    try {
      const stream = await navigator.mediaDevices.getDisplayMedia({
        video: { frameRate: { max: quality.fps } },
        audio: true,
      })
      stopScreen()
      screen.value = stream.getVideoTracks()[0]
      screenSound.value = stream.getAudioTracks()[0]
      screen.value?.addEventListener('ended', stopScreen, { once: true })
    } catch (error) {
      // Whoever closes the browser's own question has changed their mind.
      if (faultOf(error) !== 'denied') fault.value = faultOf(error)
    }
  }

  const closeAll = (): void => {
    stopScreen()
    camera.value?.stop()
    microphone.value?.stop()
    camera.value = undefined
    microphone.value = undefined
  }
  if ('mediaDevices' in navigator)
    useEventListener(navigator.mediaDevices, 'devicechange', () => void list().catch(() => undefined))
  onScopeDispose(closeAll)

  return {
    camera,
    microphone,
    screen,
    screenSound,
    cameras,
    microphones,
    chosen,
    fault,
    open: (quality: Quality) => guarded(() => openCamera(quality), openMicrophone),
    changeCamera: (quality: Quality) => guarded(() => openCamera(quality)),
    changeMicrophone: () => guarded(openMicrophone),
    shareScreen,
    stopScreen,
    canShare: 'mediaDevices' in navigator && 'getDisplayMedia' in navigator.mediaDevices,
    closeAll,
  }
}
export type Sources = ReturnType<typeof useSources>
