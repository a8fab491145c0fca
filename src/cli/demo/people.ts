/** Owns who lives in the demo: their names, colours and rooms. */
import type { CategoryId } from '../../../contract/video.ts'

export interface DemoPerson {
  readonly mobile: string
  readonly username: string
  readonly nickname: string
  readonly signature: string
  readonly colors: readonly [string, string]
  readonly room: { readonly title: string; readonly category: CategoryId; readonly announcement: string }
}

type Line = [
  username: string,
  nickname: string,
  signature: string,
  from: string,
  to: string,
  room: string,
  category: CategoryId,
  announcement: string,
]

const lines: Line[] = [
  [
    'linxia',
    '林下有风',
    '拍山、拍云、拍不说话的树。',
    '#2d6a4f',
    '#95d5b2',
    '清晨的山谷',
    'life',
    '每周三、周六早上六点半开播',
  ],
  [
    'miantiao',
    '面条不加葱',
    '一个人也要好好吃饭。',
    '#e85d04',
    '#ffba08',
    '今晚吃什么',
    'food',
    '想看什么菜，发弹幕告诉我',
  ],
  [
    'fractal_kai',
    'Kai 的分形',
    'Zooming in since 2009.',
    '#3a0ca3',
    '#f72585',
    '无限放大',
    'knowledge',
    'Ask anything about fractals · 中英文都可以',
  ],
  [
    'yueqin',
    '月琴',
    '写歌，也修旧琴。',
    '#5f0f40',
    '#fb8b24',
    '深夜电台',
    'music',
    '点歌请说歌名，不会的我现学',
  ],
  [
    'nova_lab',
    'Nova Lab',
    'Small experiments, honest results.',
    '#0077b6',
    '#90e0ef',
    'Open bench',
    'tech',
    'Soldering, sensors and mistakes',
  ],
  [
    'ajumao',
    '阿橘',
    '家里有三只猫，都姓橘。',
    '#f3722c',
    '#f9c74f',
    '猫在干嘛',
    'animal',
    '猫睡着的时候画面就是静止的，不是卡了',
  ],
  ['laozhao', '老赵跑步', '跑得慢，跑得久。', '#1b4332', '#52b788', '环湖十公里', 'sport', '雨天停播'],
  [
    'xiaolan',
    '小蓝不蓝',
    '游戏里迷路，生活里也是。',
    '#03045e',
    '#48cae4',
    '通关之前不下播',
    'game',
    '不剧透，谢谢',
  ],
  [
    'guangying',
    '光影手札',
    '一帧一帧看电影。',
    '#212529',
    '#adb5bd',
    '一起看老片',
    'film',
    '只放版权过期的片子',
  ],
  [
    'tutu',
    '图图同学',
    '把数学讲给妹妹听。',
    '#7209b7',
    '#4cc9f0',
    '数学自习室',
    'knowledge',
    '安静自习，每五十分钟答疑一次',
  ],
  ['wuxian', '舞限', '练舞第三年。', '#d00000', '#ffba08', '练习室开着', 'dance', '分解动作在第二个小时'],
  ['chenbao', '晨报君', '三分钟说完昨天。', '#14213d', '#fca311', '早间三分钟', 'news', '工作日七点半'],
]

export const demoPeople: readonly DemoPerson[] = lines.map(
  ([username, nickname, signature, from, to, title, category, announcement], index) => ({
    mobile: String(19_900_000_001 + index),
    username,
    nickname,
    signature,
    colors: [from, to],
    room: { title, category, announcement },
  }),
)
