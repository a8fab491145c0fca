/** Videos: uploads and what is made of them, lists, likes, covers, replays of live sessions. */
import { join } from 'node:path'
import type { CategoryId } from '../../contract/video.ts'
import type { Audit } from '../audit/index.ts'
import type { Config } from '../config/load.ts'
import type { Secrets } from '../config/secrets.ts'
import type { Blobs } from '../platform/blob/blob.ts'
import type { Clock } from '../platform/clock/clock.ts'
import type { Db } from '../platform/db/db.ts'
import type { Events } from '../platform/events/events.ts'
import { say } from '../platform/http/language.ts'
import type { Language } from '../platform/http/language.ts'
import type { Images } from '../platform/image/image.ts'
import type { Jobs } from '../platform/jobs/jobs.ts'
import type { Kv } from '../platform/kv/kv.ts'
import type { Log } from '../platform/log/log.ts'
import type { Coins } from '../coin/index.ts'
import type { UserService } from '../user/index.ts'
import { createAddresses } from './addresses.ts'
import { postersKind, storyboardKind } from './kinds.ts'
import { createCaptions } from './captions.ts'
import { categoryNames } from './categories.ts'
import { createListing } from './listing.ts'
import { createModeration } from './moderation.ts'
import { createFavourites } from './favourites.ts'
import { createFindPlayable } from './playable.ts'
import { createCovers } from './posters.ts'
import { startProcessing } from './processing.ts'
import { createProgress } from './progress.ts'
import { createReactions } from './reactions.ts'
import { createReplays } from './replays.ts'
import { createSearch } from './search.ts'
import { createSchedule } from './schedule.ts'
import { createStoryboards } from './storyboard.ts'
import { createBatch } from './batch.ts'
import { createVideoService } from './service.ts'
import { createUpkeep } from './upkeep.ts'
import * as uploadStore from './upload-store.ts'
import { createUploads } from './uploads.ts'

export { mountVideoRoutes } from './routes.ts'
export { mountUploadRoutes } from './upload-routes.ts'
export type { Heartbeat } from './reactions.ts'
export type { Visibility } from './tables.ts'
export type { Viewer } from './service.ts'
export type { FindPlayable, Playable } from './playable.ts'
export type { NewReplay, Replay, ReplayFigures } from './replays.ts'

interface Deps {
  config: Pick<
    Config,
    'blobDir' | 'dataDir' | 'recordingsDir' | 'userQuotaBytes' | 'uploadMaxBytes' | 'diskReserveBytes'
  >
  secrets: Secrets
  db: Db
  kv: Kv
  blobs: Blobs
  jobs: Jobs
  events: Events
  images: Images
  users: UserService
  coins: Coins
  clock: Clock
  log: Log
  /** Whether this process turns uploads into videos and looks after what is left of them. */
  isWorker: boolean
  audit: Audit
  /** What may be stored now; what the config says where it is not given. */
  sizes?: () => Promise<{ uploadMaxBytes: number; userQuotaBytes: number }>
}

export type VideoService = ReturnType<typeof assemble>['service']

export interface VideoFeature extends AsyncDisposable {
  readonly service: VideoService
  /** Stops looking after things and writes what is counted; the jobs end with `jobs`. */
  close(): Promise<void>
}

export const createVideos = async (deps: Deps): Promise<VideoFeature> => {
  const { service, upkeep, reactions } = assemble(deps)
  await service.search.follow(deps.events)
  // What the last process left half done. It must not hold up the start.
  if (deps.isWorker) upkeep.start()
  void reactions.reconcile().catch((error: unknown) => deps.log.warn({ err: error }, 'ranks not refreshed'))
  const close = async (): Promise<void> => {
    await upkeep.close()
    await reactions.close()
  }
  return { service, close, [Symbol.asyncDispose]: close }
}

const assemble = (deps: Deps) => {
  const { config, secrets, db, kv, blobs, jobs, events, images, users, coins, clock, log } = deps
  const workDir = join(config.blobDir, '.unfinished', 'video')
  const addresses = createAddresses({ secrets, clock })
  const listing = createListing({ events, users, clock })
  const cursorKey = secrets.keyFor('cursor').reveal()
  const { sizes = async () => config } = deps
  const favourites = createFavourites({ db, clock, cursorKey })
  const search = createSearch({ db, kv, clock, users })
  const videos = createVideoService({ db, clock, users, addresses, listing, search, cursorKey })
  const settings = {
    dir: join(config.dataDir, 'uploads'),
    sizes,
    reserveBytes: config.diskReserveBytes,
  }
  const uploads = createUploads({ settings, db, clock, videos, jobs, log })
  const covers = createCovers({ db, clock, blobs, images, listing, videos, workDir })
  const reactions = createReactions({
    db,
    kv,
    clock,
    users,
    videos,
    listing,
    coins,
    favourites,
    log,
  })
  const replays = createReplays({ db, clock, jobs, listing, covers })
  const { recordingsDir } = config
  const schedule = createSchedule({ db, clock, jobs, listing, videos })
  const upkeep = createUpkeep({ db, clock, blobs, jobs, uploads, covers, listing, log, recordingsDir })
  if (deps.isWorker) {
    const { dropMedia } = covers
    startProcessing({ db, clock, blobs, jobs, uploads, listing, log, workDir, dropMedia })
    jobs.work(postersKind, covers.makePosters, { concurrency: 1 })
    jobs.work(storyboardKind, createStoryboards({ db, blobs, workDir, recordingsDir }), { concurrency: 1 })
    schedule.start()
  }

  const service = {
    ...videos,
    ...replays,
    uploads,
    covers,
    reactions,
    favourites,
    search,
    upkeep,
    schedule,
    captions: createCaptions({ db, clock, blobs, listing, videos }),
    batch: createBatch({ videos, upkeep }),
    maxUploadBytes: async (): Promise<number> => (await sizes()).uploadMaxBytes,
    moderation: createModeration({
      db,
      clock,
      audit: deps.audit,
      videos,
      listing,
      upkeep,
      uploads,
      jobs,
      cursorKey,
    }),
    /** As viewers read it. */
    categoryName: (id: CategoryId, language: Language): string => say(categoryNames[id], language),
    /** Puts lists and counts right after a row was written by hand. */
    settle: listing.settle,
    playable: createFindPlayable({ db, addresses, recordingsDir }),
    progress: createProgress({ db, jobs, uploads }),

    /** Bytes charged to somebody, uploads under way included. */
    async storageOf(ownerId: string): Promise<{ used_bytes: number; quota_bytes: number }> {
      return {
        used_bytes: Math.max(0, await uploadStore.storageOf(db, ownerId)),
        quota_bytes: (await sizes()).userQuotaBytes,
      }
    },
  }
  return { service, upkeep, reactions }
}
