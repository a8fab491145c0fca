/** Owns what the web asks about reports: making one, deciding, appealing. */
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/vue-query'
import {
  appealCase,
  createReport,
  decideAppeal,
  decideReport,
  getOwnCase,
  listReports,
} from '../../contract/report.ts'
import type { Decision, ReportKind, ReportReason, ReportState } from '../../contract/report.ts'
import { call } from './client.ts'

export type {
  Decision,
  OwnCase,
  ReportCase,
  ReportKind,
  ReportReason,
  ReportState,
} from '../../contract/report.ts'

export const reasons = [
  'spam',
  'sexual',
  'violence',
  'hate',
  'harassment',
  'illegal',
  'copyright',
  'minors',
  'misleading',
  'other',
] as const satisfies readonly ReportReason[]

const start: string | undefined = undefined as string | undefined

export const sendReport = (body: { kind: ReportKind; id: string; reason: ReportReason; text: string }) =>
  call(createReport, { body })

export const useReports = (state: () => ReportState) =>
  useInfiniteQuery({
    queryKey: ['reports', state],
    queryFn: ({ pageParam, signal }) =>
      call(listReports, { query: { state: state(), limit: 20, cursor: pageParam } }, { signal }),
    initialPageParam: start,
    getNextPageParam: (page) => page.next_cursor ?? undefined,
    refetchInterval: 30_000,
  })

const useCaseChange = <In, Out>(change: (input: In) => Promise<Out>) => {
  const client = useQueryClient()
  return useMutation({
    mutationFn: change,
    onSettled: () => client.invalidateQueries({ queryKey: ['reports'] }),
  })
}
export const useDecision = () =>
  useCaseChange(
    ({ id, ...body }: { id: string; decision: Decision; note: string; days?: number | undefined }) =>
      call(decideReport, { params: { id }, body }),
  )
export const useAppealDecision = () =>
  useCaseChange(({ id, uphold }: { id: string; uphold: boolean }) =>
    call(decideAppeal, { params: { id }, body: { uphold } }),
  )

export const useOwnCase = (id: () => string) =>
  useQuery({
    queryKey: ['case', id],
    queryFn: ({ signal }) => call(getOwnCase, { params: { id: id() } }, { signal }),
  })
export const sendAppeal = (id: string, text: string) => call(appealCase, { params: { id }, body: { text } })
