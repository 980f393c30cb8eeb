// Draws docs/pipeline.svg and its twin for dark pages: one operation on its way through a chain, with a token that is
// refused, renewed, and an operation that is sent again. Each has its own background, so that it is legible anywhere.

const themes = {
  'docs/pipeline.svg': {
    page: '#ffffff',
    edge: '#d0d7de',
    box: '#f6f8fa',
    text: '#1f2328',
    quiet: '#59636e',
    go: '#0550ae',
    refused: '#b42318',
    renewed: '#6639ba',
    done: '#116329',
  },
  'docs/pipeline-dark.svg': {
    page: '#0d1117',
    edge: '#3d444d',
    box: '#161b22',
    text: '#f0f6fc',
    quiet: '#9198a1',
    go: '#79c0ff',
    refused: '#ff9492',
    renewed: '#d2a8ff',
    done: '#7ee787',
  },
}

const lanes = [
  { title: 'your code', note: 'client.query(Me)', x: 260 },
  { title: 'tokenRefreshLink', note: 'outermost: sees it first', x: 475 },
  { title: 'httpLink', note: 'terminal link', x: 690 },
  { title: 'the server', note: 'api.example.com', x: 905 },
]
const [code, refresh, http, server] = lanes.map(({ x }) => x)

/** What happens, from the top to the bottom: an arrow from one lane to another, or a box on a lane. */
const steps = [
  { from: code, to: refresh, tone: 'go', text: 'operation' },
  { from: refresh, to: http, tone: 'go', text: 'operation + token 1' },
  { from: http, to: server, tone: 'go', text: 'POST  Bearer token 1' },
  { from: server, to: http, tone: 'refused', text: '401' },
  { from: http, to: refresh, tone: 'refused', text: 'HttpError 401' },
  { at: refresh, tone: 'renewed', text: 'refresh(): token 1 → token 2', note: 'once, for all operations that wait' },
  { from: refresh, to: http, tone: 'renewed', text: 'operation + token 2' },
  { from: http, to: server, tone: 'renewed', text: 'POST  Bearer token 2' },
  { from: server, to: http, tone: 'done', text: '200  { data }' },
  { from: http, to: refresh, tone: 'done', text: 'result' },
  { from: refresh, to: code, tone: 'done', text: 'result' },
]
const captions = [
  { step: 1, lines: ['1  sent with the', 'token at hand'] },
  { step: 4, lines: ['2  refused: renewed,', 'and sent again'] },
  { step: 10, lines: ['3  your code sees', 'the result alone'] },
]

const width = 1010
const top = 118
const stepHeight = 35
const boxHeight = 71
const mono = 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace'
const sans = 'system-ui, -apple-system, Segoe UI, Helvetica, Arial, sans-serif'

const escaped = (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;')

function label({ x, y, text, fill, size = 13, family = sans, weight = 400, anchor = 'middle' }) {
  return `<text x="${x}" y="${y}" fill="${fill}" font-family="${family}" font-size="${size}" font-weight="${weight}" text-anchor="${anchor}" xml:space="preserve">${escaped(text)}</text>`
}

function lane({ title, note, x }, theme, bottom) {
  return [
    `<line x1="${x}" y1="82" x2="${x}" y2="${bottom}" stroke="${theme.edge}" stroke-width="1.5" stroke-dasharray="2 5"/>`,
    `<rect x="${x - 88}" y="30" width="176" height="52" rx="8" fill="${theme.box}" stroke="${theme.edge}" stroke-width="1.5"/>`,
    label({
      x,
      y: 52,
      text: title,
      fill: theme.text,
      size: 14,
      weight: 600,
      family: title.endsWith('Link') ? mono : sans,
    }),
    label({ x, y: 71, text: note, fill: theme.quiet, size: 12 }),
  ]
}

function arrow({ from, to, tone, text }, y, theme) {
  const direction = Math.sign(to - from)
  const tip = to - direction * 4
  const head = `${tip},${y} ${tip - direction * 9},${y - 5} ${tip - direction * 9},${y + 5}`
  return [
    `<line x1="${from + direction * 4}" y1="${y}" x2="${tip - direction * 8}" y2="${y}" stroke="${theme[tone]}" stroke-width="2"/>`,
    `<polygon points="${head}" fill="${theme[tone]}"/>`,
    label({ x: (from + to) / 2, y: y - 7, text, fill: theme[tone], size: 12.5, family: mono }),
  ]
}

function box({ at, tone, text, note }, y, theme) {
  return [
    `<rect x="${at - 122}" y="${y - 20}" width="244" height="50" rx="8" fill="${theme.box}" stroke="${theme[tone]}" stroke-width="2"/>`,
    label({ x: at, y, text, fill: theme[tone], size: 12.5, weight: 600, family: mono }),
    label({ x: at, y: y + 19, text: note, fill: theme.text, size: 12 }),
  ]
}

function draw(theme) {
  const places = []
  let y = top
  for (const { at } of steps) {
    places.push(y)
    y += at ? boxHeight : stepHeight
  }
  const bottom = y - stepHeight + 18
  const height = bottom + 22
  const parts = [
    `<rect x="0.75" y="0.75" width="${width - 1.5}" height="${height - 1.5}" rx="12" fill="${theme.page}" stroke="${theme.edge}" stroke-width="1.5"/>`,
    ...lanes.flatMap((each) => lane(each, theme, bottom)),
    `<path d="M ${refresh - 104} 24 v -8 h ${http - refresh + 208} v 8" fill="none" stroke="${theme.quiet}" stroke-width="1.5"/>`,
    `<rect x="${(refresh + http) / 2 - 34}" y="6" width="68" height="20" fill="${theme.page}"/>`,
    label({ x: (refresh + http) / 2, y: 21, text: 'chain', fill: theme.quiet, size: 13, family: mono }),
    ...steps.flatMap((step, index) => (step.at ? box : arrow)(step, places[index], theme)),
    ...captions.flatMap(({ step, lines }) =>
      lines.map((text, index) =>
        label({ x: index ? 39 : 22, y: places[step] - 4 + index * 17, text, fill: theme.text, anchor: 'start' }),
      ),
    ),
  ]
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="title description">
<title id="title">An operation on its way through a chain</title>
<desc id="description">${steps.map(({ text }) => escaped(text)).join('; ')}</desc>
${parts.join('\n')}
</svg>
`
}

/** @returns the pictures, by the path of their file. */
export const pictures = () => Object.fromEntries(Object.entries(themes).map(([path, theme]) => [path, draw(theme)]))
