/** Owns the sentences that tell an owner why a video failed and what to do about it. */
import type { Text } from '../../contract/endpoint.ts'
import type { FailureCode } from '../../contract/video.ts'

export const failureTexts: Readonly<Record<FailureCode, Text>> = {
  empty_file: { zh: '文件是空的，请重新选择文件', en: 'The file is empty; choose another one' },
  not_media: { zh: '这不是视频文件', en: 'This is not a video file' },
  no_video_track: {
    zh: '文件里没有画面，只能上传视频',
    en: 'The file has no picture; only videos can be uploaded',
  },
  cut_short: {
    zh: '文件不完整（可能没有下载或导出完），请检查后重新上传',
    en: 'The file is incomplete (perhaps its download or export was cut); check it and upload again',
  },
  dimensions: {
    zh: '画面尺寸不支持：每边需在 16 到 8192 像素之间',
    en: 'The size of the picture is not supported: 16 to 8192 pixels on each side',
  },
  playlist_refused: {
    zh: '这是播放列表而不是视频，请上传视频文件本身',
    en: 'This is a playlist, not a video; upload the video file itself',
  },
  needs_ffmpeg: {
    zh: '这种格式需要转码，但服务器没有安装 ffmpeg；请上传 H.264/AAC 的 MP4，或请管理员安装 ffmpeg',
    en: 'This format must be converted, but the server has no ffmpeg; upload an MP4 with H.264 and AAC, or ask the administrator to install ffmpeg',
  },
  too_long: { zh: '视频太长，最长 12 小时', en: 'The video is too long; at most 12 hours' },
  too_heavy: {
    zh: '处理这个文件需要的内存或时间过多',
    en: 'Processing this file takes too much memory or time',
  },
  transcode_failed: {
    zh: '视频无法解码，文件可能已损坏',
    en: 'The video can not be decoded; the file may be damaged',
  },
  internal: { zh: '处理时出错了，请稍后重新上传', en: 'Processing failed; please upload again later' },
}
