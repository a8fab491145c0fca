/** Owns the playlist of a recording, made from its journal and kept while that does not change. */
import { stat } from 'node:fs/promises'
import { journalFile, readJournal, replayPlaylist } from '../ingest/index.ts'

const kept = 50

/** undefined if nothing was recorded. */
export const createRecordingPlaylists = () => {
  const playlists = new Map<string, { version: string; text: string | undefined }>()

  return async (directory: string): Promise<string | undefined> => {
    const seen = await stat(journalFile(directory)).catch(() => undefined)
    if (seen === undefined) return undefined
    const version = `${seen.size}:${seen.mtimeMs}`
    const known = playlists.get(directory)
    playlists.delete(directory)
    const entry = known?.version === version ? known : { version, text: await make(directory) }
    // The end of a Map is its youngest entry.
    playlists.set(directory, entry)
    for (const oldest of playlists.keys()) {
      if (playlists.size <= kept) break
      playlists.delete(oldest)
    }
    return entry.text
  }
}

const make = async (directory: string): Promise<string | undefined> => {
  const journal = await readJournal(directory)
  if (journal === undefined || journal.parts.length === 0) return undefined
  return replayPlaylist(journal, (bundle) => `b${bundle}.mp4`)
}
