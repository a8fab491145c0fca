/** Owns which films the demo shows: words, pictures and sound as ffmpeg's sources make them, and the frame of the cover. */
import type { CategoryId } from '../../../contract/video.ts'

export interface DemoFilm {
  /** Username. */
  readonly by: string
  readonly title: string
  readonly intro: string
  readonly category: CategoryId
  readonly tags: readonly string[]
  readonly seconds: number
  readonly picture: Picture
  /** Which of the five frames is the cover. */
  readonly cover: 1 | 2 | 3 | 4 | 5
  /** Words across the picture, where a font for them is there. */
  readonly words?: string
}

/** A filter graph that makes the picture, from nothing or from the sound `[s]`; it ends in the film's size. */
export interface Picture {
  readonly graph: string
  readonly portrait?: boolean
}

const full = '960:540'
const tall = '540:960'
const rate = 'r=24'
const up = (size: string, how = 'neighbor') => `scale=${size}:flags=${how}`

const gradient = (colors: readonly string[], speed: number, portrait = false): Picture => ({
  graph: `gradients=s=${portrait ? '360x640' : '640x360'}:${rate}:n=${colors.length}:${colors
    .map((color, index) => `c${index}=${color}`)
    .join(
      ':',
    )}:speed=${speed}:x0=0:y0=0:x1=${portrait ? 360 : 640}:y1=${portrait ? 640 : 360},${up(portrait ? tall : full, 'bilinear')}`,
  portrait,
})
const life = (alive: string, dying: string, rule: string, portrait = false): Picture => ({
  graph: `life=s=${portrait ? '180x320' : '320x180'}:${rate}:mold=12:ratio=0.18:random_seed=${rule.length * 7 + 3}:rule=${rule}:life_color=${alive}:death_color=#0b1020:mold_color=${dying},${up(portrait ? tall : full)}`,
  portrait,
})
const automaton = (rule: number, hue: number): Picture => ({
  graph: `cellauto=s=320x180:${rate}:rule=${rule}:random_seed=${rule},format=gbrp,${up(full)},colorize=hue=${hue}:saturation=0.7:lightness=0.45:mix=0.2`,
})
const plasma = (a: number, b: number, portrait = false): Picture => {
  const [w, h] = portrait ? [90, 160] : [160, 90]
  const expression = (phase: number, scale: number) =>
    `128+127*sin(X/${scale}+T*${a}+${phase})*cos(hypot(X-${w / 2}\\,Y-${h / 2})/${b}-T+${phase})`
  return {
    graph: `nullsrc=s=${w}x${h}:${rate},format=gbrp,geq=r='${expression(0, 17)}':g='${expression(2, 23)}':b='${expression(4, 31)}',${up(portrait ? tall : full, 'bicubic')}`,
    portrait,
  }
}
const mandelbrot = (x: number, y: number, scale: number): Picture => ({
  graph: `mandelbrot=s=480x270:${rate}:start_x=${x}:start_y=${y}:end_scale=${scale}:end_pts=500:maxiter=600:inner=mincol,${up(full, 'bicubic')},hue=h=t*8`,
})
const sierpinski = (type: 'carpet' | 'triangle', hue: number): Picture => ({
  graph: `sierpinski=s=640x360:${rate}:type=${type}:jump=60:seed=${hue},${up(full, 'bilinear')},format=gbrp,colorize=hue=${hue}:saturation=0.65:lightness=0.5:mix=0.25`,
})
const fromSound = (filter: string): Picture => ({ graph: `[s]${filter},fps=24,scale=${full}` })

export const demoFilms: readonly DemoFilm[] = [
  film(
    'linxia',
    '山谷里的第一束光',
    '四点半出门，等到六点。云散开的那一刻没有人说话。',
    'life',
    ['日出', '山', '慢节奏'],
    42,
    gradient(['#0b132b', '#1c2541', '#ff9f1c', '#ffbf69'], 0.012),
    4,
    '山谷里的第一束光',
  ),
  film(
    'linxia',
    '雨后森林的五种绿',
    '同一片林子，雨停之后的二十分钟。',
    'life',
    ['森林', '雨'],
    24,
    gradient(['#081c15', '#2d6a4f', '#52b788', '#d8f3dc'], 0.02),
    2,
    '雨后 · 五种绿',
  ),
  film(
    'miantiao',
    '番茄炒蛋到底先放什么',
    '做了七次，得出一个可能会吵起来的结论。',
    'food',
    ['家常菜', '番茄'],
    18,
    plasma(0.9, 9),
    3,
    '先放蛋',
  ),
  film(
    'miantiao',
    '一碗面的温度',
    '竖着拍的，因为碗很高。',
    'food',
    ['面', '竖屏'],
    14,
    gradient(['#7f4f24', '#e85d04', '#ffba08'], 0.03, true),
    3,
    '一碗面',
  ),
  film(
    'fractal_kai',
    '放大一千倍：曼德博集合的海马谷',
    'We start at the whole set and end inside one seahorse. 一路不剪辑。',
    'knowledge',
    ['分形', '数学', 'mandelbrot'],
    30,
    mandelbrot(-0.7453, 0.1127, 0.0035),
    4,
  ),
  film(
    'fractal_kai',
    'The needle: a walk along the real axis',
    'Where period doubling meets the antenna of the set.',
    'knowledge',
    ['fractal', 'math'],
    20,
    mandelbrot(-1.7496, 0.00003, 0.004),
    3,
  ),
  film(
    'fractal_kai',
    '三角形里的三角形',
    '扔硬币也能画出谢尔宾斯基三角。',
    'knowledge',
    ['分形', '谢尔宾斯基'],
    16,
    sierpinski('triangle', 200),
    4,
  ),
  film(
    'yueqin',
    '修好的旧琴，试了四个和弦',
    '琴是外公留下来的，弦是今天换的。',
    'music',
    ['吉他', '和弦', '原创'],
    36,
    fromSound('showcqt=s=640x360:fps=24:bar_g=3:sono_g=4:axis=0:cscheme=1|0.4|0.1|0.1|0.5|1'),
    3,
  ),
  film(
    'yueqin',
    '深夜即兴 03',
    '耳机党请把音量调小一点。',
    'music',
    ['即兴', '氛围'],
    60,
    fromSound('showspectrum=s=320x180:mode=combined:color=magma:scale=cbrt:slide=scroll:legend=0'),
    4,
  ),
  film(
    'nova_lab',
    'What a chord looks like on a scope',
    'Left channel on X, right channel on Y. Nothing else.',
    'tech',
    ['oscilloscope', 'audio'],
    22,
    fromSound('avectorscope=s=640x360:r=24:zoom=5:draw=line:rc=40:gc=220:bc=160:rf=12:gf=6:bf=9'),
    3,
  ),
  film(
    'nova_lab',
    'Calibrating a cheap display, start to finish',
    'The pattern, the meter and the numbers I got.',
    'tech',
    ['display', 'calibration'],
    20,
    { graph: `testsrc2=s=960x540:${rate}` },
    2,
  ),
  film(
    'nova_lab',
    '一块屏幕能显示多少种颜色',
    '把整个色域慢慢转一圈给你看。',
    'tech',
    ['屏幕', '色彩'],
    15,
    { graph: `colorspectrum=s=640x360:${rate},${up(full, 'bilinear')},hue=h=t*24` },
    3,
  ),
  film(
    'ajumao',
    '三只橘猫同时打哈欠（慢放）',
    '其实是同一只，拍了三次。',
    'animal',
    ['猫', '橘猫', '竖屏'],
    12,
    plasma(1.4, 7, true),
    3,
    '橘 橘 橘',
  ),
  film(
    'ajumao',
    '猫眼里的傍晚',
    '据说它们看不见红色，我把红色去掉了。',
    'animal',
    ['猫', '黄昏'],
    20,
    gradient(['#22223b', '#4a4e69', '#9a8c98', '#c9ada7'], 0.018),
    3,
    '猫眼里的傍晚',
  ),
  film(
    'laozhao',
    '环湖十公里，只看脚下',
    '配速六分半，谁都能跟上。',
    'sport',
    ['跑步', '配速'],
    28,
    automaton(90, 150),
    4,
  ),
  film(
    'laozhao',
    '冬天第一次五点起床',
    '起来了，没后悔。',
    'sport',
    ['晨跑', '冬天', '竖屏'],
    10,
    gradient(['#03071e', '#370617', '#dc2f02'], 0.04, true),
    4,
    '05:00',
  ),
  film(
    'xiaolan',
    '规则只有三条：生命游戏入门',
    '活着、出生、死去。剩下的都是它自己长出来的。',
    'game',
    ['生命游戏', '规则'],
    26,
    life('#ffd166', '#1b4965', 'B3/S23'),
    3,
  ),
  film(
    'xiaolan',
    'HighLife：会自我复制的那一种',
    '只改了一条规则，世界就不一样了。',
    'game',
    ['生命游戏', 'HighLife'],
    18,
    life('#80ffdb', '#5e60ce', 'B36/S23'),
    2,
  ),
  film(
    'xiaolan',
    '像素雨',
    '手机壁纸尺寸，可以直接录屏拿走。',
    'game',
    ['像素', '竖屏'],
    9,
    life('#ff70a6', '#3d348b', 'B3/S12345', true),
    3,
  ),
  film(
    'guangying',
    '默片里的颗粒感从哪里来',
    '把噪点放慢，再放大。',
    'film',
    ['胶片', '颗粒'],
    17,
    {
      graph: `nullsrc=s=160x90:${rate},format=gray,geq=lum='90+70*sin(X/40+T)*cos(Y/30)+random(1)*70',${up(full, 'bilinear')},vignette`,
    },
    3,
    '默片',
  ),
  film(
    'tutu',
    '规则 30：从一行格子到随机数',
    '妹妹问：电脑怎么会“随便”？',
    'knowledge',
    ['元胞自动机', '随机'],
    25,
    automaton(30, 210),
    5,
  ),
  film(
    'tutu',
    '地毯怎么铺都铺不满',
    '谢尔宾斯基地毯，面积是零。',
    'knowledge',
    ['分形', '面积'],
    14,
    sierpinski('carpet', 40),
    4,
  ),
  film(
    'wuxian',
    '四个八拍，慢速分解',
    '先看重心，再看手。',
    'dance',
    ['教学', '分解', '竖屏'],
    13,
    plasma(2.2, 11, true),
    2,
    '5 6 7 8',
  ),
  film(
    'chenbao',
    '三分钟里只说一件事',
    '今天说的是：为什么昨天没有新闻。',
    'news',
    ['早报'],
    12,
    gradient(['#14213d', '#264653', '#fca311'], 0.05),
    2,
    '早间三分钟',
  ),
]

function film(
  by: string,
  title: string,
  intro: string,
  category: CategoryId,
  tags: readonly string[],
  seconds: number,
  picture: Picture,
  cover: DemoFilm['cover'],
  words?: string,
): DemoFilm {
  return {
    by,
    title,
    intro,
    category,
    tags,
    seconds,
    picture,
    cover,
    ...(words === undefined ? {} : { words }),
  }
}
