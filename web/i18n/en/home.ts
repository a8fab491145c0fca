/** Owns the sentences of the home page and its categories, in English. */
import type { Messages } from '../zh-CN.ts'

export const home: Pick<Messages, 'category' | 'home'> = {
  category: {
    all: 'All',
    life: 'Life',
    music: 'Music',
    game: 'Games',
    knowledge: 'Knowledge',
    tech: 'Tech',
    food: 'Food',
    animal: 'Animals',
    sport: 'Sports',
    film: 'Film',
    dance: 'Dance',
    news: 'News',
    other: 'Other',
  },
  home: {
    live_now: 'Live now',
    all_live: 'All live',
    videos: 'Videos',
    categories: 'Categories',
    sort: 'Sort by',
    sort_hot: 'Hot',
    sort_newest: 'Newest',
    sort_plays: 'Most played',
    sort_likes: 'Most liked',
    empty: 'It is still quiet here',
    empty_text: 'The first video starts with you: upload one, or go live right away.',
    empty_action: 'Upload the first video',
    empty_category: 'No videos in this category yet',
    empty_category_text: 'Look into another one, or be the first to post here.',
    see_all: 'See all videos',
  },
}
