/** Owns the list of error codes that may leave the server, with their HTTP status and texts in both languages. */

/** `details[]` of a failure: one wrong field. */
export interface ErrorDetail {
  field: string
  error: string
  msg: string
}

export interface ErrorSpec {
  readonly status: number
  readonly zh: string
  readonly en: string
}

const define = <T extends Record<string, ErrorSpec>>(codes: T): Readonly<T> => Object.freeze(codes)

/** Every failure's `error` literal. A text may hold `{name}`, filled from the error's `params`. */
export const errorCodes = define({
  params_missing: { status: 400, zh: '缺少必要参数', en: 'A required parameter is missing' },
  params_invalid: { status: 400, zh: '参数不正确', en: 'A parameter is not valid' },
  cursor_invalid: {
    status: 400,
    zh: '翻页位置无效，请从头加载',
    en: 'The page position is not valid; start again',
  },
  unauthenticated: { status: 401, zh: '请先登录', en: 'Please sign in' },
  forbidden: { status: 403, zh: '没有权限', en: 'You may not do this' },
  not_found: { status: 404, zh: '内容不存在', en: 'Not found' },
  conflict: {
    status: 409,
    zh: '内容已被改动，请刷新后再试',
    en: 'It changed meanwhile; reload and try again',
  },
  body_too_large: { status: 413, zh: '内容过大', en: 'The content is too large' },
  content_type_unsupported: { status: 415, zh: '不支持的内容类型', en: 'This content type is not supported' },
  rate_limited: { status: 429, zh: '操作太频繁，请稍后再试', en: 'Too many requests; try again later' },
  internal: { status: 500, zh: '服务器出错了', en: 'The server made an error' },
  storage_failed: {
    status: 503,
    zh: '存储暂时不可用，请稍后再试',
    en: 'Storage is unavailable; try again later',
  },
  unavailable: {
    status: 503,
    zh: '服务暂时不可用，请稍后再试',
    en: 'The service is unavailable; try again later',
  },
  storage_full: { status: 507, zh: '存储空间不足', en: 'There is not enough storage' },

  mobile_invalid: { status: 400, zh: '手机号格式不正确', en: 'The mobile number is not valid' },
  mobile_taken: {
    status: 400,
    zh: '手机号已存在, 请重新输入',
    en: 'This mobile number is already registered',
  },
  username_invalid: {
    status: 400,
    zh: '用户名只能用字母、数字和下划线，4 到 20 个字符',
    en: 'A user name has 4 to 20 letters, digits or underscores',
  },
  username_taken: { status: 400, zh: '用户名已被占用', en: 'This user name is taken' },
  email_invalid: { status: 400, zh: '邮箱格式不正确', en: 'The e-mail address is not valid' },
  email_taken: { status: 400, zh: '邮箱已被占用', en: 'This e-mail address is already registered' },
  img_code_expired: {
    status: 400,
    zh: '图片验证码已失效, 请换一张',
    en: 'The picture code has expired; get a new one',
  },
  img_code_wrong: { status: 400, zh: '图片验证码不正确', en: 'The picture code is wrong' },
  img_code_required: { status: 400, zh: '请输入图片验证码', en: 'Enter the picture code' },
  sms_code_wrong: { status: 400, zh: '短信验证码不正确', en: 'The SMS code is wrong' },
  email_code_wrong: { status: 400, zh: '邮箱验证码不正确', en: 'The e-mail code is wrong' },
  sms_unavailable: {
    status: 503,
    zh: '短信暂时发不出去，请稍后再试；之前收到的验证码仍然有效',
    en: 'SMS can not be sent now; try again later. A code that you have already stays valid',
  },
  mail_unavailable: {
    status: 503,
    zh: '邮件暂时发不出去，请稍后再试；之前收到的验证码仍然有效',
    en: 'Mail can not be sent now; try again later. A code that you have already stays valid',
  },
  password_weak: {
    status: 400,
    zh: '密码太弱：8 到 128 个字符，不能是常见密码，也不能包含手机号或名字',
    en: 'The password is too weak: 8 to 128 characters, not a common one, without your number or name',
  },
  credentials_wrong: { status: 401, zh: '账号或密码不正确', en: 'The account or the password is wrong' },
  registration_closed: { status: 403, zh: '本站暂不开放注册', en: 'Registration is closed here' },
  invite_invalid: {
    status: 403,
    zh: '注册需要有效的邀请码',
    en: 'Registering here needs a valid invitation',
  },
  password_wrong: { status: 403, zh: '当前密码不正确', en: 'The current password is wrong' },
  proof_required: {
    status: 403,
    zh: '请先验证密码或两步验证码',
    en: 'Confirm with your password or a two-step code first',
  },
  reset_code_invalid: {
    status: 400,
    zh: '重置链接或验证码无效或已过期，请重新申请',
    en: 'The reset link or code is not valid any more; ask for a new one',
  },
  two_step_expired: {
    status: 400,
    zh: '登录已超时，请重新输入密码',
    en: 'The sign-in took too long; start again with your password',
  },
  two_step_wrong: { status: 400, zh: '两步验证码不正确', en: 'The two-step code is wrong' },
  totp_clock_off: {
    status: 400,
    zh: '验证码的时间不对：请校准手机时间（设为自动），再输入新的验证码',
    en: "The code is of another time: set your device's clock to automatic and enter a new code",
  },
  two_step_off: { status: 409, zh: '尚未开启两步验证', en: 'Two-step verification is off' },
  two_step_on: { status: 409, zh: '两步验证已开启', en: 'Two-step verification is on already' },
  two_step_setup_required: {
    status: 403,
    zh: '管理员和版主必须先开启两步验证',
    en: 'Administrators and moderators must switch on two-step verification first',
  },
  passkey_invalid: { status: 400, zh: '通行密钥验证失败', en: 'The passkey could not be verified' },
  setup_token_invalid: {
    status: 403,
    zh: '设置链接无效或已使用',
    en: 'The setup link is not valid or was used',
  },
  last_admin: {
    status: 409,
    zh: '不能这样做：本站将没有可用的管理员',
    en: 'This would leave the site without an administrator',
  },
  setting_fixed: {
    status: 409,
    zh: '{setting} 由环境变量固定，请在启动配置里修改',
    en: '{setting} is fixed by the environment; change it where the server is started',
  },
  file_gone: {
    status: 409,
    zh: '原文件已删除，请让作者重新上传',
    en: 'The uploaded file is gone; ask its author to upload it again',
  },
  user_banned: { status: 403, zh: '账号已被封禁', en: 'This account is banned' },

  self_refused: { status: 400, zh: '不能对自己这样做', en: 'You can not do this to yourself' },
  blocked: {
    status: 403,
    zh: '你与对方之间有拉黑，无法这样做',
    en: 'One of you has blocked the other, so this is not possible',
  },
  follow_limit: {
    status: 409,
    zh: '数量已达上限，请先移除一些人',
    en: 'The list is full; remove somebody first',
  },

  messages_refused: {
    status: 403,
    zh: '对方设置了不接收你的私信',
    en: 'They do not take messages from you',
  },
  answer_awaited: {
    status: 403,
    zh: '在对方回复之前，暂时不能再发送',
    en: 'Wait for an answer before you write more',
  },

  stream_key_wrong: { status: 403, zh: '推流码不正确', en: 'The stream key is wrong' },
  room_closed: { status: 403, zh: '直播间已被管理员关闭', en: 'This room was closed by a moderator' },
  room_not_live: { status: 409, zh: '直播间没有开播', en: 'The room is not live' },
  muted: {
    status: 403,
    zh: '你在这里被禁言了，还有 {left}',
    en: 'You are muted here for another {left}',
  },
  banned_here: {
    status: 403,
    zh: '你已被这里的主播或房管封禁',
    en: 'You were banned here by the owner or a moderator',
  },
  slow_mode: {
    status: 429,
    zh: '慢速模式：{seconds} 秒后才能再发',
    en: 'Slow mode: you can write again in {seconds} s',
  },
  followers_only: {
    status: 403,
    zh: '现在只有关注了主播的人可以发言',
    en: 'Only followers may write here now; follow first',
  },
  followers_wait: {
    status: 403,
    zh: '关注满 {minutes} 分钟才能发言，还要等 {seconds} 秒',
    en: 'Followers may write after {minutes} min; wait another {seconds} s',
  },
  text_refused: {
    status: 400,
    zh: '包含这个直播间不允许的词',
    en: 'It contains a word that this room does not allow',
  },
  raid_running: { status: 409, zh: '已经有一次转场在进行', en: 'There is a raid under way already' },
  time_refused: {
    status: 400,
    zh: '时间要在现在之后、一年之内',
    en: 'The time must lie in the future, within a year',
  },
  destination_refused: {
    status: 400,
    zh: '地址不可用：要以 rtmp:// 或 rtmps:// 开头，并指向公网上的服务器',
    en: 'The address can not be used: rtmp:// or rtmps://, and a server on the public internet',
  },
  danmaku_locked: {
    status: 403,
    zh: '作者已关闭这个视频的弹幕',
    en: 'The author has closed the danmaku of this video',
  },
  danmaku_file_invalid: {
    status: 400,
    zh: '弹幕文件无法识别，请用 XML、JSON 或 ASS',
    en: 'The danmaku file can not be read; use XML, JSON or ASS',
  },
  text_forbidden: { status: 400, zh: '包含本站禁用的词', en: 'It contains a word that is not allowed here' },
  text_invalid: { status: 400, zh: '文字为空或过长', en: 'The text is empty or too long' },

  quota_exceeded: { status: 507, zh: '你的存储配额已用完', en: 'Your storage quota is used up' },
  upload_invalid: { status: 400, zh: '上传不正确', en: 'The upload is not valid' },
  image_invalid: {
    status: 400,
    zh: '图片无法识别，请用 JPEG、PNG 或 WebP',
    en: 'The picture can not be read; use JPEG, PNG or WebP',
  },
  webhook_refused: {
    status: 400,
    zh: '地址必须是公网上的 https 地址',
    en: 'The address must be https on the public internet',
  },
  caption_invalid: {
    status: 400,
    zh: '字幕无法识别，请用 WebVTT 或 SRT 文件',
    en: 'The captions can not be read; use a WebVTT or SRT file',
  },
  time_invalid: {
    status: 400,
    zh: '时间必须在未来一年之内',
    en: 'The time must lie in the future, at most a year off',
  },
  coins_insufficient: { status: 409, zh: '硬币不够了', en: 'There are not enough coins' },
  own_video: { status: 409, zh: '不能给自己的视频投币', en: 'You can not give coins to your own video' },
  coins_final: { status: 409, zh: '投出的硬币不能收回', en: 'Coins once given can not be taken back' },
  too_many: { status: 409, zh: '数量已到上限', en: 'The limit of how many there may be is reached' },
  comment_too_late: {
    status: 409,
    zh: '发出超过 15 分钟，不能再修改了',
    en: 'It is more than 15 minutes old and can not be edited any more',
  },
  comment_repeated: { status: 409, zh: '这句话刚刚说过了', en: 'You said the same a moment ago' },
  comments_blocked: { status: 403, zh: '对方不允许你评论', en: 'This person does not let you comment' },
  video_not_ready: { status: 409, zh: '视频还在处理', en: 'The video is still being processed' },
})

export type ErrorCode = keyof typeof errorCodes
