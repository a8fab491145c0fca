/** Owns the row types of webhooks and their deliveries. The secret that signs is derived, not stored. */

export interface WebhookTable {
  id: string
  owner_id: string
  url: string
  /** JSON list. */
  events: string
  active: number
  /** Deliveries in a row that failed. */
  failures: number
  created_ms: number
}

export interface WebhookDeliveryTable {
  id: string
  webhook_id: string
  /** With the webhook unique: an event that is delivered to us twice is told once. */
  event_id: number | null
  event: string
  body: string
  state: 'waiting' | 'delivered' | 'failed'
  attempts: number
  status: number | null
  error: string | null
  ended_ms: number | null
  created_ms: number
}

declare module '../platform/db/tables.ts' {
  interface Tables {
    webhook: WebhookTable
    webhook_delivery: WebhookDeliveryTable
  }
}
