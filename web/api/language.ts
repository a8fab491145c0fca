/** Owns which language the server is asked in; i18n sets it, so that api needs nothing of i18n. */
let current = 'zh-CN'
let offline = '网络连接不上'

export const language = (): string => current
export const networkText = (): string => offline

export const setLanguage = (code: string, networkSentence: string): void => {
  current = code
  offline = networkSentence
}
