/** Owns how webhooks are put into words: events and their groups, how one does, why a delivery failed. */
import { mostFailures } from '../api/webhooks.ts'
import type { Delivery, Webhook, WebhookEvent } from '../api/webhooks.ts'
import { t, tn } from '../i18n/text.ts'

const groups = ['videos', 'people', 'live'] as const
/** A record, so that the compiler finds an event that has no group. */
const groupOf: Readonly<Record<WebhookEvent, (typeof groups)[number]>> = {
  'video.ready': 'videos',
  'video.failed': 'videos',
  'video.published': 'videos',
  'video.deleted': 'videos',
  'video.liked': 'people',
  'video.coined': 'people',
  'comment.created': 'people',
  'user.followed': 'people',
  'live.started': 'live',
  'live.ended': 'live',
}
const isWebhookEvent = (event: string): event is WebhookEvent => Object.hasOwn(groupOf, event)

export const eventGroups = groups.map((name) => ({
  name,
  events: Object.keys(groupOf).filter((event) => isWebhookEvent(event) && groupOf[event] === name),
})) as readonly { name: (typeof groups)[number]; events: WebhookEvent[] }[]

export const eventText = (event: string): string =>
  event === 'ping' || isWebhookEvent(event) ? t(`webhook.event.${event}`) : event

/** How a webhook does, and what is wrong with it if something is. */
export const stateOf = ({ active, failures }: Webhook) => {
  if (active) {
    return failures === 0
      ? ({ look: 'on', text: t('webhook.on') } as const)
      : ({ look: 'failing', text: tn('webhook.failing', failures) } as const)
  }
  // Its owner's switch begins the count anew.
  if (failures === 0) return { look: 'off', text: t('webhook.off') } as const
  return failures >= mostFailures
    ? ({ look: 'failed', text: t('webhook.off_failed', { n: failures }) } as const)
    : ({ look: 'failed', text: t('webhook.off_gone') } as const)
}

const problems = {
  'the name is not known': 'name',
  'the address is not on the public internet': 'private',
  'the address may not be called': 'private',
  'no answer in time': 'timeout',
  ABORT_ERR: 'timeout',
  ETIMEDOUT: 'timeout',
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'unreachable',
  ENETUNREACH: 'unreachable',
  ECONNRESET: 'closed',
  EPIPE: 'closed',
} as const

/** Why it was not delivered, or not yet. */
export const problemText = ({ status, error }: Delivery): string | undefined => {
  if (error === null) return undefined
  if (status !== null) return t('webhook.problem_status', { n: status })
  const known = Object.entries(problems).find(([said]) => said === error)?.[1]
  if (known !== undefined) return t(`webhook.problem_${known}`)
  if (/CERT|SIGNATURE|TLS|SSL|EPROTO/.test(error)) return t('webhook.problem_certificate')
  return t('webhook.problem_other', { code: error })
}
