/** Owns the address that creators paste into their software: the host under which they opened the page. */
import type { Site } from '../api/shapes.ts'

/** The encrypted one first, where there is one. */
export const rtmpServers = (hostname: string, site: Pick<Site, 'rtmp' | 'rtmps'> | undefined): string[] => [
  ...(site?.rtmps ? [`rtmps://${hostname}:${site.rtmps.port}/live`] : []),
  `rtmp://${hostname}:${site?.rtmp.port ?? 1935}/live`,
]

/** The command that streams a file in a loop, runnable as it is. */
export const ffmpegCommand = (server: string, key: string): string =>
  [
    'ffmpeg -re -stream_loop -1 -i video.mp4',
    '-c:v libx264 -preset veryfast -b:v 4000k -maxrate 4000k -bufsize 8000k',
    '-pix_fmt yuv420p -force_key_frames "expr:gte(t,n_forced*2)"',
    '-c:a aac -b:a 160k -ar 48000',
    `-f flv "${server}/${key}"`,
  ].join(' \\\n  ')
