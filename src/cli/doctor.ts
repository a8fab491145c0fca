/** Owns `vireo doctor`: every look at the machine in turn, each with a verdict and, where it is not well, how to mend it. */
import { CommandError } from './command.ts'
import type { Call, Command } from './command.ts'
import { lookAtCounts } from './doctor/counts.ts'
import type { Finding, Look } from './doctor/finding.ts'
import { lookAtMachine } from './doctor/machine.ts'
import { lookAtNetwork } from './doctor/network.ts'
import { lookAtServices } from './doctor/services.ts'
import { lookAtStorage } from './doctor/storage.ts'

export const doctor: Command = {
  name: 'doctor',
  usage: '[--json] [--counts]',
  about: 'Looks whether this machine and its settings are well, and says how to mend what is not.',
  details: ['It changes nothing and works whether Vireo runs or not. Exit code 1 if something fails.'],
  options: {
    json: { about: 'prints one JSON object: {ok, checks: [{name, state, about, mend}]}' },
    counts: { about: 'also compares the stored counts with the rows that they count' },
  },
  words: [0, 0],
  run: (call) => run(call),
}

const looks: readonly Look[] = [lookAtMachine, lookAtStorage, lookAtServices, lookAtNetwork]

const run = async (call: Call): Promise<void> => {
  const { config, say, options } = call
  const isJson = options['json'] === true
  const found: Finding[] = []
  for (const look of options['counts'] === true ? [...looks, lookAtCounts] : looks) {
    for await (const finding of look(config)) {
      found.push(finding)
      if (!isJson) for (const line of inWords(finding)) say(line)
    }
  }
  const failed = found.filter(({ state }) => state === 'fail').length
  if (isJson) say(JSON.stringify({ ok: failed === 0, checks: found }, undefined, 2))
  if (failed > 0) throw new CommandError(failed === 1 ? 'one check failed' : `${failed} checks failed`)
}

const inWords = ({ name, state, about, mend }: Finding): string[] => [
  `${state.padEnd(4)}  ${name.padEnd(16)} ${about}`,
  ...(mend === undefined ? [] : [`      ${' '.repeat(16)} → ${mend}`]),
]
