/** Owns what is written to people by SMS and mail, in both languages, and telling whether the provider is down. */
import type { Clock } from '../platform/clock/clock.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Language } from '../platform/http/language.ts'
import type { Mail } from '../platform/mail/mail.ts'
import type { Sms } from '../platform/sms/sms.ts'

export type Channel = 'sms' | 'email'
export type CodePurpose =
  'register' | 'login' | 'reset_password' | 'change_mobile' | 'change_email' | 'two_step'
export type Notice =
  | 'password_changed'
  | 'mobile_changed'
  | 'email_changed'
  | 'two_step_changed'
  | 'number_taken'
  | 'already_registered'

const deeds: Readonly<Record<CodePurpose, Record<Language, string>>> = {
  register: { zh: '注册', en: 'registering' },
  login: { zh: '登录', en: 'signing in' },
  reset_password: { zh: '重置密码', en: 'setting a new password' },
  change_mobile: { zh: '更换手机号', en: 'changing your mobile number' },
  change_email: { zh: '更换邮箱', en: 'changing your e-mail address' },
  two_step: { zh: '两步验证', en: 'the second step of signing in' },
}

const notices: Readonly<Record<Notice, Record<Language, string>>> = {
  password_changed: {
    zh: '你的账号密码已修改。如果不是你本人操作，请立即重置密码。',
    en: 'The password of your account was changed. If it was not you, set a new one at once.',
  },
  mobile_changed: {
    zh: '你的账号已更换手机号。如果不是你本人操作，请立即联系站点管理员。',
    en: 'The mobile number of your account was changed. If it was not you, tell whoever runs the site at once.',
  },
  email_changed: {
    zh: '你的账号已更换邮箱。如果不是你本人操作，请立即联系站点管理员。',
    en: 'The e-mail address of your account was changed. If it was not you, tell whoever runs the site at once.',
  },
  two_step_changed: {
    zh: '你的账号的两步验证设置已改变。如果不是你本人操作，请立即重置密码。',
    en: 'Two-step verification of your account was changed. If it was not you, set a new password at once.',
  },
  number_taken: {
    zh: '你账号上未验证的手机号已被其他人通过短信验证，已从你的账号移除。',
    en: 'The mobile number of your account, which was never proven, was proven by somebody else and removed from it.',
  },
  already_registered: {
    zh: '有人想用你的号码或邮箱注册，但它已有账号。如果是你本人，请直接登录。',
    en: 'Somebody tried to register with your number or address, which has an account. If it was you, just sign in.',
  },
}

/** After a failure everybody is told for this long, so that the answer says nothing of who has an account. */
const downMs = 15_000

export type Messages = ReturnType<typeof createMessages>

interface Deps {
  sms: Sms
  mail: Mail
  siteName: string
  publicUrl: () => string
  clock: Clock
}

export const createMessages = ({ sms, mail, siteName, publicUrl, clock }: Deps) => {
  const downUntilMs: Record<Channel, number> = { sms: 0, email: 0 }
  const failure = (channel: Channel, cause?: unknown): AppError =>
    new AppError(channel === 'sms' ? 'sms_unavailable' : 'mail_unavailable', {
      cause,
      retryAfterS: downMs / 1000,
    })

  const send = async (
    channel: Channel,
    message: { to: string; purpose: string; text: string; subject: string; code?: string },
  ): Promise<void> => {
    const { subject, ...short } = message
    try {
      await (channel === 'sms' ? sms.send(short) : mail.send({ ...short, subject }))
      downUntilMs[channel] = 0
    } catch (error) {
      if (error instanceof AppError && error.code === 'email_invalid') throw error
      downUntilMs[channel] = clock.now() + downMs
      throw failure(channel, error)
    }
  }

  return {
    /** Throws `sms_unavailable` or `mail_unavailable` while the provider has just failed, whoever asks. */
    assertUp(channel: Channel): void {
      if (clock.now() < downUntilMs[channel]) throw failure(channel)
    },

    async code(
      channel: Channel,
      to: string,
      purpose: CodePurpose,
      code: string,
      language: Language,
    ): Promise<void> {
      const deed = deeds[purpose][language]
      await send(channel, {
        to,
        purpose,
        code,
        subject: language === 'zh' ? `${siteName} 验证码` : `${siteName} code`,
        text:
          language === 'zh'
            ? `【${siteName}】验证码 ${code}，用于${deed}，5 分钟内有效。请勿告诉任何人。`
            : `${siteName}: ${code} is your code for ${deed}, valid for 5 minutes. Never tell it to anybody.`,
      })
    },

    async resetLink(to: string, token: string, language: Language): Promise<void> {
      // In the fragment: it never reaches a log or a Referer.
      const link = `${publicUrl()}/reset-password#token=${token}`
      await send('email', {
        to,
        purpose: 'reset_password',
        subject: language === 'zh' ? `重置 ${siteName} 密码` : `Set a new password for ${siteName}`,
        text:
          language === 'zh'
            ? `打开以下链接设置新密码，30 分钟内有效，只能使用一次：\n${link}\n如果不是你本人操作，忽略即可。`
            : `Open this link to set a new password. It is valid for 30 minutes and works once:\n${link}\nIf it was not you, do nothing.`,
      })
    },

    async notice(channel: Channel, to: string, notice: Notice, language: Language): Promise<void> {
      const text = notices[notice][language]
      await send(channel, {
        to,
        purpose: `notice_${notice}`,
        subject: language === 'zh' ? `${siteName} 账号安全提醒` : `${siteName} account notice`,
        text: `${language === 'zh' ? `【${siteName}】` : `${siteName}: `}${text}`,
      })
    },
  }
}
