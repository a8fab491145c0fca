import { env } from 'node:process'
import { defineConfig } from 'vitest/config'

/** Tests with real encoders and command lines, which wait more than they work: two at a time. */
const paced = [
  'src/ingest/**/*.test.ts',
  'src/live/live.test.ts',
  'src/playback/*.test.ts',
  'src/cli/*.test.ts',
]
/** Tests with browsers, whole machines or many conversions: one at a time, so that each has the cores it needs. */
const heavy = [
  'tests/e2e/**/*.test.ts',
  'tests/machine.test.ts',
  'tests/roles.test.ts',
  'tests/revocation.test.ts',
  'src/video/*.test.ts',
]

export default defineConfig({
  test: {
    globalSetup: ['tests/whole-suite.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    // Machines of CI stall for seconds now and then; what needed its second try is named in the output.
    retry: env['CI'] === 'true' ? 1 : 0,
    projects: [
      {
        extends: true,
        test: {
          name: 'quick',
          include: ['{src,contract,tests,web}/**/*.test.ts'],
          exclude: ['**/node_modules/**', ...paced, ...heavy],
          maxWorkers: 2,
          sequence: { groupOrder: 0 },
        },
      },
      {
        extends: true,
        test: { name: 'paced', include: paced, maxWorkers: 2, sequence: { groupOrder: 1 } },
      },
      {
        extends: true,
        test: {
          name: 'heavy',
          include: heavy,
          maxWorkers: 1,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
})
