import { describe, expect, it } from 'vitest'
import { chaptersOf, chaptersVtt } from './chapters.ts'

describe('chapters', () => {
  it('are the lines of an introduction that begin with a time', () => {
    const intro = '早上出发\n0:00 出发\n- 3:20 山顶 看云\n【1:07:45】湖边\n谢谢观看 9:99'
    expect(chaptersOf(intro, 5000)).toEqual([
      { start: 0, end: 200, title: '出发' },
      { start: 200, end: 4065, title: '山顶 看云' },
      { start: 4065, end: 5000, title: '湖边' },
    ])
  })

  it('are none where times only stand in a sentence, do not begin at the start, or run backwards', () => {
    expect(chaptersOf('精彩在 1:20 那里\n2:00 结尾', 500)).toEqual([])
    expect(chaptersOf('0:10 a\n0:20 b', 500)).toEqual([])
    expect(chaptersOf('0:00 a', 500)).toEqual([])
    expect(chaptersOf('0:00 a\n0:30 b\n0:20 c\n9:00 beyond', 100).map(({ title }) => title)).toEqual([
      'a',
      'b',
    ])
  })

  it('become a track', () => {
    expect(chaptersVtt([{ start: 0, end: 61.5, title: 'a' }])).toBe(
      'WEBVTT\n\n00:00:00.000 --> 00:01:01.500\na',
    )
  })
})
