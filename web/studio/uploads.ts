/** Owns the uploads of this page: a queue that goes on while one moves about, resumes after cuts and reloads. */
import { Upload, defaultOptions } from 'tus-js-client'
import type { DetailedError, PreviousUpload } from 'tus-js-client'
import { computed, reactive, ref } from 'vue'
import { uploadPath, videoIdHeader } from '../../contract/video.ts'
import { queryClient } from '../api/client.ts'
import { language } from '../api/language.ts'
import { uuid } from '../api/random.ts'
import { freshToken, refreshSession, user } from '../api/session.ts'
import type { FailureCode } from '../api/shapes.ts'
import { t } from '../i18n/text.ts'
import { createSpeed } from './speed.ts'

export type UploadState = 'waiting' | 'uploading' | 'retrying' | 'paused' | 'processing' | 'ready' | 'failed'

export interface UploadItem {
  key: string
  file: File
  title: string
  /** The video whose file it replaces. */
  replaces: string | undefined
  state: UploadState
  sent: number
  /** Bytes per second, undefined until it is known. */
  speed: number | undefined
  resumed: boolean
  videoId: string | undefined
  error: string | undefined
  failure: FailureCode | undefined
}

export const uploads = reactive<UploadItem[]>([])
const running = new Map<string, Upload>()
/** Which upload address fills which video; the address is all that a reload leaves. */
const videoKey = 'vireo.upload_videos'

const videoOf = (url: string | null | undefined): string | undefined => {
  try {
    return url
      ? (JSON.parse(localStorage.getItem(videoKey) ?? '{}') as Record<string, string>)[url]
      : undefined
  } catch {
    return undefined
  }
}
const keepVideo = (url: string, video: string): void => {
  try {
    const old = Object.entries(JSON.parse(localStorage.getItem(videoKey) ?? '{}') as Record<string, string>)
    localStorage.setItem(videoKey, JSON.stringify(Object.fromEntries([...old.slice(-40), [url, video]])))
  } catch {
    // Without storage an upload can not be resumed after a reload; it still runs.
  }
}

const prefix = (): string => `vireo-${user.value?.id ?? ''}`
const fingerprint = (file: File): Promise<string> =>
  Promise.resolve([prefix(), file.name, file.size, file.lastModified].join('-'))
const titleOf = (name: string): string =>
  [...(name.replace(/\.[^.]{1,5}$/, '').trim() || name)].slice(0, 80).join('')

const sentenceOf = (error: Error | DetailedError): string => {
  const response = 'originalResponse' in error ? error.originalResponse : null
  if (!response) return t('error.network')
  try {
    const { msg } = JSON.parse(response.getBody()) as { msg?: unknown }
    if (typeof msg === 'string' && msg) return msg
  } catch {
    // Not an envelope.
  }
  return t('upload.lost')
}

/** Worth another attempt: nothing answered, the session ran out, or the server was busy. */
const passing = (error: DetailedError): boolean => {
  const status = error.originalResponse?.getStatus() ?? 0
  return (
    status === 0 ||
    status === 401 ||
    status === 409 ||
    status === 423 ||
    status === 429 ||
    (status >= 500 && status !== 507)
  )
}

const begin = async (item: UploadItem, chunkBytes: number): Promise<void> => {
  item.state = 'uploading'
  item.error = undefined
  const speed = createSpeed()
  const upload: Upload = new Upload(item.file, {
    endpoint: uploadPath,
    chunkSize: chunkBytes,
    retryDelays: [0, 1000, 2000, 4000, 8000, 15_000, 30_000, 30_000, 30_000],
    metadata: item.replaces
      ? { filename: item.file.name, video: item.replaces }
      : { filename: item.file.name, title: item.title, visibility: 'public' },
    fingerprint,
    removeFingerprintOnSuccess: true,
    onBeforeRequest: async (request) => {
      const token = await freshToken()
      if (token) request.setHeader('Authorization', `Bearer ${token}`)
      request.setHeader('X-Vireo-Client', 'web')
      request.setHeader('Accept-Language', language())
    },
    onAfterResponse: async (_request, response) => {
      item.videoId ??= response.getHeader(videoIdHeader) ?? undefined
      if (upload.url && item.videoId) keepVideo(upload.url, item.videoId)
      if (response.getStatus() === 401) await refreshSession()
    },
    onShouldRetry: (error) => {
      const again = passing(error)
      if (again) item.state = 'retrying'
      return again
    },
    onProgress: (sent) => {
      if (item.state === 'retrying') item.state = 'uploading'
      item.sent = sent
      item.speed = speed(sent, Date.now())
    },
    onError: (error) => {
      running.delete(item.key)
      item.state = 'failed'
      item.error = sentenceOf(error)
      next(chunkBytes)
    },
    onSuccess: () => {
      running.delete(item.key)
      item.sent = item.file.size
      item.state = 'processing'
      void queryClient.invalidateQueries({ queryKey: ['my-videos'] })
      next(chunkBytes)
    },
  })
  running.set(item.key, upload)
  const [previous] = await upload.findPreviousUploads()
  if (running.get(item.key) !== upload) return
  if (previous) {
    item.resumed = true
    item.videoId ??= videoOf(previous.uploadUrl)
    upload.resumeFromPreviousUpload(previous)
  }
  upload.start()
}

/** One at a time: the first is done sooner, and none starves another. */
const next = (chunkBytes: number): void => {
  if (uploads.some((item) => item.state === 'uploading' || item.state === 'retrying')) return
  const waiting = uploads.find((item) => item.state === 'waiting')
  if (waiting) void begin(waiting, chunkBytes)
}

const newItem = (file: File): UploadItem => ({
  key: uuid(),
  file,
  title: titleOf(file.name),
  replaces: undefined,
  state: 'waiting',
  sent: 0,
  speed: undefined,
  resumed: false,
  videoId: undefined,
  error: undefined,
  failure: undefined,
})

export const addFiles = (files: readonly File[], chunkBytes: number): void => {
  uploads.push(...files.map(newItem))
  next(chunkBytes)
}

/** The video goes on playing what it has until this is ready. */
export const replaceFile = (file: File, video: { id: string; title: string }, chunkBytes: number): void => {
  uploads.push({ ...newItem(file), title: video.title, replaces: video.id, videoId: video.id })
  next(chunkBytes)
}

export const pauseUpload = async (item: UploadItem, chunkBytes: number): Promise<void> => {
  const upload = running.get(item.key)
  item.state = 'paused'
  item.speed = undefined
  running.delete(item.key)
  await upload?.abort()
  next(chunkBytes)
}

export const resumeUpload = (item: UploadItem, chunkBytes: number): void => {
  item.state = 'waiting'
  next(chunkBytes)
}

/** Takes it off the list; one that isn't through is thrown away on the server too. */
export const removeUpload = async (item: UploadItem, chunkBytes: number): Promise<void> => {
  const index = uploads.findIndex((other) => other.key === item.key)
  if (index >= 0) uploads.splice(index, 1)
  const unfinished = !['processing', 'ready'].includes(item.state)
  const upload = running.get(item.key)
  running.delete(item.key)
  try {
    if (upload) await upload.abort(unfinished)
    else if (unfinished) await forget(item.file)
  } finally {
    void queryClient.invalidateQueries({ queryKey: ['my-videos'] })
    next(chunkBytes)
  }
}

const forget = async (file: File): Promise<void> => {
  const stored = await defaultOptions.urlStorage.findUploadsByFingerprint(await fingerprint(file))
  for (const { urlStorageKey, uploadUrl } of stored) {
    await defaultOptions.urlStorage.removeUpload(urlStorageKey)
    if (uploadUrl)
      await Upload.terminate(uploadUrl, {
        headers: { Authorization: `Bearer ${(await freshToken()) ?? ''}` },
      })
  }
}

/** Uploads that a reload or crash broke off; choosing the same file again goes on with them. */
export const brokenOff = ref<PreviousUpload[]>([])
export const findBrokenOff = async (): Promise<void> => {
  const mine = (upload: PreviousUpload): boolean => upload.urlStorageKey.startsWith(`tus::${prefix()}`)
  const active = new Set(uploads.map((item) => item.file.name))
  brokenOff.value = (await defaultOptions.urlStorage.findAllUploads()).filter(
    (upload) => mine(upload) && !active.has(upload.metadata['filename'] ?? ''),
  )
}
export const dropBrokenOff = async (upload: PreviousUpload): Promise<void> => {
  await defaultOptions.urlStorage.removeUpload(upload.urlStorageKey)
  await findBrokenOff()
}

export const anyUploading = computed(() =>
  uploads.some((item) => ['uploading', 'retrying', 'waiting'].includes(item.state)),
)
addEventListener('beforeunload', (event) => {
  if (anyUploading.value) event.preventDefault()
})
