/** Owns the sign of each category. */
import { categoryIds } from '../../contract/video.ts'
import type { CategoryId } from '../api/shapes.ts'

export const categoryIcons: Record<CategoryId, string> = {
  life: 'i-lucide-coffee',
  music: 'i-lucide-music',
  game: 'i-lucide-gamepad-2',
  knowledge: 'i-lucide-book-open',
  tech: 'i-lucide-cpu',
  food: 'i-lucide-soup',
  animal: 'i-lucide-paw-print',
  sport: 'i-lucide-bike',
  film: 'i-lucide-film',
  dance: 'i-lucide-sparkles',
  news: 'i-lucide-newspaper',
  other: 'i-lucide-shapes',
}

/** A category from an address, or undefined. */
export const categoryOf = (value: unknown): CategoryId | undefined => categoryIds.find((id) => id === value)
