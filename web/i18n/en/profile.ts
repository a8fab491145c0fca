/** Owns the sentences of profiles and one's own settings, in English. */
import type { Messages } from '../zh-CN.ts'

export const profile: Pick<Messages, 'profile' | 'settings' | 'me'> = {
  profile: {
    videos: 'Videos',
    video_count: '{n} videos | {n} video | {n} videos',
    like_count: '{n} likes | {n} like | {n} likes',
    joined: 'Joined {date}',
    empty: 'No public videos yet',
    missing: 'There is no such user',
    live_now: 'Live now, come in',
    room: 'Room',
    edit: 'Edit profile',
    no_signature: 'A bird of few words.',
  },
  settings: {
    title: 'Profile',
    avatar: 'Picture',
    avatar_change: 'Change picture',
    avatar_hint: 'JPEG, PNG or WebP up to 8 MB',
    avatar_done: 'Picture updated',
    nickname: 'Nickname',
    username: 'User name',
    username_hint: '4 to 20 letters, digits or underscores; you can sign in with it',
    signature: 'About me',
    sex: 'Sex',
    sex_0: 'Not said',
    sex_1: 'Male',
    sex_2: 'Female',
    birth: 'Date of birth',
    image_too_large: 'The picture is too large: at most 8 MB',
  },
  me: {
    title: 'Me',
    hello: 'Sign in to Vireo',
    hello_text: 'Chat, like, upload and go live.',
  },
}
