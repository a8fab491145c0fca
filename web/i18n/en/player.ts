/** Owns the sentences of the player, in English. */
import type { Messages } from '../zh-CN.ts'

export const player: Pick<Messages, 'player'> = {
  player: {
    label: 'Player',
    fullscreen: 'Full screen',
    exit_fullscreen: 'Exit full screen',
    tap_for_sound: 'Tap for sound',
    play: 'Play',
    settings: 'Settings',
    help: 'Shortcuts',
    help_title: 'Keyboard shortcuts',
    key_play: 'Play / pause',
    key_seek: 'Back / forward 5 s',
    key_volume: 'Volume',
    key_mute: 'Mute',
    key_fullscreen: 'Full screen',
    key_danmaku: 'Danmaku on / off',
    key_help: 'Show this list',
    failed: 'It does not play',
    failed_text: 'The network is unstable, or this browser does not know the format.',
    retry: 'Try again',
    waiting: 'Waiting for the picture…',
    resumed: 'Continued at {time}',
    from_start: 'Start over',
    rate: 'Speed',
    latency: 'About {n} s behind',
    key_captions: 'Captions on or off',
    key_wide: 'Wide picture',
    key_next: 'Next video',
    wide: 'Wide picture',
  },
}
