/** Owns what the categories are called. */
import type { Text } from '../../contract/endpoint.ts'
import type { CategoryId } from '../../contract/video.ts'

export const categoryNames: Readonly<Record<CategoryId, Text>> = {
  life: { zh: '生活', en: 'Life' },
  music: { zh: '音乐', en: 'Music' },
  game: { zh: '游戏', en: 'Games' },
  knowledge: { zh: '知识', en: 'Knowledge' },
  tech: { zh: '科技', en: 'Technology' },
  food: { zh: '美食', en: 'Food' },
  animal: { zh: '动物', en: 'Animals' },
  sport: { zh: '运动', en: 'Sports' },
  film: { zh: '影视', en: 'Film' },
  dance: { zh: '舞蹈', en: 'Dance' },
  news: { zh: '资讯', en: 'News' },
  other: { zh: '其他', en: 'Other' },
}
