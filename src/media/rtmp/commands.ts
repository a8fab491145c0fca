/** Owns what is said back to a publisher: connect's answer, results and onStatus. It decides nothing. */
import { encodeAmf, isAmfObject } from './amf0.ts'
import type { AmfObject, AmfValue } from './amf0.ts'
import { setChunkSize, setPeerBandwidth, windowAckSize, writeMessage } from './chunk-writer.ts'
import { messageType, ourChunkSize, windowBytes } from './protocol.ts'

const command = (streamId: number, ...values: AmfValue[]): Buffer =>
  writeMessage(streamId === 0 ? 3 : 5, messageType.commandAmf0, streamId, encodeAmf(...values), ourChunkSize)

// Enhanced RTMP v2, connect: 4 says that a codec is forwarded, never decoded; capsEx 6 is multitrack and ModEx.
const videoFourCcInfoMap: AmfObject = { avc1: 4, hvc1: 4, av01: 4, vp09: 4 }
const audioFourCcInfoMap: AmfObject = { mp4a: 4, Opus: 4 }

/** The bytes that answer `connect`: the large chunk size goes first, so that all that follows uses it. */
export const connectAnswer = (transaction: number, request: AmfObject): Buffer => {
  const enhanced = 'fourCcList' in request || 'capsEx' in request || 'videoFourCcInfoMap' in request
  const properties: AmfObject = { fmsVer: 'FMS/3,0,1,123', capabilities: 31 }
  if (enhanced) Object.assign(properties, { capsEx: 6, videoFourCcInfoMap, audioFourCcInfoMap })
  return Buffer.concat([
    setChunkSize(ourChunkSize),
    windowAckSize(windowBytes),
    setPeerBandwidth(windowBytes),
    command(0, '_result', transaction, properties, {
      level: 'status',
      code: 'NetConnection.Connect.Success',
      description: 'Connection succeeded.',
      objectEncoding: 0,
    }),
  ])
}

/** `_result` with one value (undefined for commands that have nothing to say). */
export const result = (transaction: number, value: AmfValue): Buffer =>
  command(0, '_result', transaction, null, value)

export const onStatus = (streamId: number, level: 'status' | 'error', code: string, text: string): Buffer =>
  command(streamId, 'onStatus', 0, null, { level, code, description: text })

/** `app` of a connect request: its own field, or the path of tcUrl. */
export const appOf = (request: AmfValue): string => {
  if (request === undefined || !isAmfObject(request)) return ''
  const { app, tcUrl } = request
  // Clipped first: on 64 KB of slashes the pattern would hold everybody up for seconds.
  if (typeof app === 'string' && app !== '') return clip(app).replace(/^\/+|[?].*$|\/+$/g, '')
  if (typeof tcUrl !== 'string') return ''
  return /^[a-z]+:\/\/[^/]*\/([^?]*)/.exec(clip(tcUrl))?.[1] ?? ''
}

/** A stream name without its query. */
export const streamNameOf = (name: AmfValue): string =>
  typeof name === 'string' ? clip(name.split('?', 1)[0] ?? '') : ''

const clip = (text: string): string => text.slice(0, 512)
