/** Administration: what those who run the site see and do, through the services of all other features. */
import type { AdminJobsDeps } from './jobs.ts'
import { createAdminJobs } from './jobs.ts'
import type { LogDeps } from './log.ts'
import { createLogReader } from './log.ts'
import type { PeopleDeps } from './people.ts'
import { createPeople } from './people.ts'
import type { RunTimeDeps } from './run-time.ts'
import { createRunTime } from './run-time.ts'

export { mountAdminRoutes } from './routes.ts'

type Deps = AdminJobsDeps & LogDeps & PeopleDeps & RunTimeDeps

export type Admin = ReturnType<typeof createAdmin>

export const createAdmin = (deps: Deps) => ({
  people: createPeople(deps),
  jobs: createAdminJobs(deps),
  log: createLogReader(deps),
  runTime: createRunTime(deps),
  videos: deps.videos.moderation,
  live: deps.live,
})
