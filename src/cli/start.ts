/** Owns the words of the commands that start processes; the launcher runs them without the rest of the command line. */
import type { Command } from './command.ts'
import { CommandError } from './command.ts'

const run = async (): Promise<void> => {
  throw new CommandError('start it by bin/vireo, which first installs what is missing')
}

export const start: Command = {
  name: 'start',
  usage: '',
  about: 'Installs what is missing, builds the web and starts everything that VIREO_ROLES names.',
  details: ['It ends with SIGTERM or Ctrl-C. `npm start` does the same.'],
  words: [0, 0],
  run,
}

export const worker: Command = {
  name: 'worker',
  usage: '',
  about: 'Starts this machine as a worker only: it turns uploads into videos.',
  details: [
    'The same as VIREO_ROLES=worker. It needs MariaDB or MySQL, Redis, and the data directory of the others.',
    'It serves /healthz, /readyz and /metrics on VIREO_HTTP_PORT, and nothing else.',
  ],
  words: [0, 0],
  run,
}
