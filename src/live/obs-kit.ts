/** Owns the profile for OBS: what it holds, as files of a zip. Without a key it holds a placeholder. */

export interface KitFile {
  name: string
  text: string
}

interface Kit {
  server: string
  /** undefined: a placeholder that OBS refuses in plain words. */
  streamKey: string | undefined
  siteName: string
}

/** OBS names the folder of a profile as it likes, without these. */
const folderOf = (siteName: string): string => siteName.replace(/[^\p{L}\p{N} _-]/gu, '').trim() || 'Vireo'

const ini = (sections: Readonly<Record<string, Readonly<Record<string, string | number>>>>): string =>
  Object.entries(sections)
    .map(([name, values]) => {
      const lines = Object.entries(values).map(([key, value]) => `${key}=${value}`)
      return `[${name}]\n${lines.join('\n')}\n`
    })
    .join('\n')

export const obsKit = ({ server, streamKey, siteName }: Kit): KitFile[] => {
  const folder = folderOf(siteName)
  const service = {
    type: 'rtmp_custom',
    settings: { server, key: streamKey ?? 'PASTE-YOUR-STREAM-KEY', use_auth: false, bwtest: false },
  }
  const basic = ini({
    General: { Name: folder },
    Output: { Mode: 'Advanced', DelayEnable: 'false', Reconnect: 'true', RetryDelay: 2, MaxRetries: 25 },
    AdvOut: {
      Encoder: 'obs_x264',
      AudioEncoder: 'ffmpeg_aac',
      Track1Bitrate: 160,
      ApplyServiceSettings: 'true',
    },
    Video: { BaseCX: 1920, BaseCY: 1080, OutputCX: 1920, OutputCY: 1080, FPSType: 0, FPSCommon: 30 },
    Audio: { SampleRate: 48_000, ChannelSetup: 'Stereo' },
  })
  // Every segment may then begin with a keyframe: viewers are 2 to 3 seconds behind instead of ten.
  const encoder = {
    rate_control: 'CBR',
    bitrate: 4500,
    keyint_sec: 2,
    preset: 'veryfast',
    profile: 'high',
    bf: 2,
  }
  return [
    { name: `${folder}/basic.ini`, text: basic },
    { name: `${folder}/service.json`, text: `${JSON.stringify(service, null, 2)}\n` },
    { name: `${folder}/streamEncoder.json`, text: `${JSON.stringify(encoder, null, 2)}\n` },
    { name: 'README.txt', text: readme(folder, streamKey !== undefined) },
  ]
}

const readme = (folder: string, hasKey: boolean): string =>
  [
    `1. 解压，在 OBS 里点「配置文件 → 导入」，选择文件夹 ${folder}。`,
    `   Unpack; in OBS choose Profile → Import and pick the folder ${folder}.`,
    hasKey
      ? '2. 服务器和推流密钥已经填好，不要把这个文件给别人。 / Server and key are in it: show it to nobody.'
      : '2. 在「设置 → 直播」里填上推流密钥。 / Enter your stream key in Settings → Stream.',
    '3. 关键帧间隔已经是 2 秒，不要改成 0（自动）。 / The keyframe interval is 2 s; leave it so.',
    '',
  ].join('\r\n')
