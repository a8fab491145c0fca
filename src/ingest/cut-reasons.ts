/** Owns why ingest cuts a publisher, in the words that stand in its log; who publishes over the link gets them too. */
export const cutReasons = {
  takenOver: 'a newer publisher took over',
  over: 'the live session is over',
  restarting: 'the server is restarting',
  linkDown: 'ingest is not connected',
} as const
