/** Owns the routes of what a room is connected to: destinations, the overlay, the profile for OBS. */
import { downloadZip } from 'client-zip'
import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import {
  addDestination,
  changeDestination,
  getMyOverlay,
  listDestinations,
  obsKitPath,
  openOverlay,
  removeDestination,
  renewOverlay,
} from '../../contract/restream.ts'
import { AppError } from '../platform/errors/app-error.ts'
import type { Authenticate, Router } from '../platform/http/route.ts'
import type { Limits } from '../platform/limit/limit.ts'
import { obsKit } from './obs-kit.ts'
import type { Overlays } from './overlays.ts'
import type { Destinations } from './restream/destinations.ts'
import type { Rooms } from './rooms.ts'
import { rtmpServer } from './server-address.ts'

interface Deps {
  app: FastifyInstance
  router: Router
  authenticate: Authenticate
  limits: Limits
  live: { rooms: Rooms; destinations: Destinations; overlays: Overlays }
  config: {
    siteName: string
    publicUrl: string | undefined
    rtmpPort: number
    tls?: { rtmpsPort: number } | undefined
  }
}

const kitQuery = z.object({ rotate: z.enum(['true', 'false']).default('false') })

export const mountLinkRoutes = ({ app, router, authenticate, limits, live, config }: Deps): void => {
  const { rooms, destinations, overlays } = live
  const changes = limits.create({ name: 'destination', points: 60, windowS: 600 })
  const renewals = limits.create({ name: 'overlay_renewal', points: 30, windowS: 600 })
  const openings = limits.create({ name: 'overlay_opening', points: 60, windowS: 60 })
  const kits = limits.create({ name: 'obs_kit', points: 30, windowS: 600 })

  router.on(listDestinations, async ({ caller }) => ({ items: await destinations.list(caller.userId) }))
  router.on(addDestination, async ({ caller, body }) => {
    await changes.take(caller.userId)
    return destinations.add(caller.userId, body)
  })
  router.on(changeDestination, async ({ caller, params, body }) => {
    await changes.take(caller.userId)
    return destinations.change(caller.userId, params.id, body)
  })
  router.on(removeDestination, async ({ caller, params }) => {
    await destinations.remove(caller.userId, params.id)
    return null
  })

  router.on(getMyOverlay, async ({ caller }) => ({ path: await overlays.pathOf(caller.userId) }))
  router.on(renewOverlay, async ({ caller }) => {
    await renewals.take(caller.userId)
    return { path: await overlays.renew(caller.userId) }
  })
  router.on(openOverlay, async ({ body, address }) => {
    await openings.take(address)
    return { room_id: await overlays.roomOf(body.secret) }
  })

  app.post(obsKitPath, { schema: { hide: true } }, async (request, reply) => {
    const caller = await authenticate(request)
    if (caller === undefined) throw new AppError('unauthenticated')
    const query = kitQuery.safeParse(request.query)
    if (!query.success) throw new AppError('params_invalid')
    await kits.take(caller.userId)
    const rotate = query.data.rotate === 'true'
    const streamKey = rotate ? await rooms.rotateKey(caller.userId, false) : undefined
    const ports = { rtmpPort: config.rtmpPort, rtmpsPort: config.tls?.rtmpsPort }
    const server = rtmpServer(config.publicUrl, request.socket.localAddress, ports)
    const files = obsKit({ server, streamKey, siteName: config.siteName })
    const zip = downloadZip(files.map(({ name, text }) => ({ name, input: text })))
    const bytes = Buffer.from(await zip.arrayBuffer())
    return reply
      .type('application/zip')
      .header('content-disposition', 'attachment; filename="obs-profile.zip"')
      .header('cache-control', 'no-store')
      .send(bytes)
  })
}
