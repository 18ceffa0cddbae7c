// The plot of README.md: for each number of replicas the share of wrong results, measured as bars and by theory as lines.
const WIDTH = 640
const HEIGHT = 300
const LEFT = 46
const TOP = 40
const BOTTOM = 46
const BAR = 38
const COLOURS = { 'at random': '#4c78a8', together: '#e4572e' }

/** @param {readonly { way: string, votes: string, wrong: number, theory?: number, executions: number }[]} rows */
export function plotOf(rows) {
  const groups = [...new Set(rows.map(({ votes }) => votes))]
  const ways = Object.keys(COLOURS)
  const most = Math.ceil(10 * Math.max(...rows.flatMap(({ wrong, theory = 0 }) => [wrong, theory]))) / 10
  const yOf = (share) => TOP + (HEIGHT - TOP - BOTTOM) * (1 - share / most)
  const step = (WIDTH - LEFT) / groups.length
  const lines = []
  for (let share = 0; share <= most + 1e-9; share += 0.1) {
    lines.push(`<path d="M${LEFT} ${yOf(share)}H${WIDTH}" stroke="#ddd"/>`)
    lines.push(text(LEFT - 6, yOf(share) + 4, `${Math.round(100 * share)} %`, 'end'))
  }
  for (const { way, votes, wrong, theory, executions } of rows) {
    const middle = LEFT + step * (groups.indexOf(votes) + 0.5)
    const x = middle + (ways.indexOf(way) - 1) * (BAR + 4)
    const bar = `x="${x}" y="${yOf(wrong)}" width="${BAR}" height="${yOf(0) - yOf(wrong)}"`
    lines.push(`<rect ${bar} fill="${COLOURS[way]}"/>`)
    if (theory !== undefined)
      lines.push(`<path d="M${x - 2} ${yOf(theory)}h${BAR + 4}" stroke="#000" stroke-width="2"/>`)
    lines.push(text(x + BAR / 2, HEIGHT - BOTTOM + 16, `×${executions.toFixed(1)}`, 'middle', '#666'))
  }
  for (const [index, votes] of groups.entries()) {
    const name = votes === '1' ? '1 replica' : Number(votes) ? `${votes} replicas` : votes
    lines.push(text(LEFT + step * (index + 0.5), HEIGHT - BOTTOM + 34, name, 'middle'))
  }
  for (const [index, way] of ways.entries()) {
    lines.push(`<rect x="${LEFT + 150 * index}" y="12" width="12" height="12" fill="${COLOURS[way]}"/>`)
    lines.push(text(LEFT + 150 * index + 18, 22, `liars lie ${way}`))
  }
  lines.push(`<path d="M${LEFT + 300} 18h16" stroke="#000" stroke-width="2"/>`, text(LEFT + 322, 22, 'theory'))
  lines.push(text(LEFT + 390, 22, '×2.6: executions a task', 'start', '#666'))
  const title = 'Share of wrong results where 3 of 10 workers lie'
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" font-family="sans-serif" font-size="12">
<title>${title}</title>
<rect width="${WIDTH}" height="${HEIGHT}" fill="#fff"/>
${lines.join('\n')}
</svg>
`
}

function text(x, y, words, anchor = 'start', colour = '#222') {
  return `<text x="${x}" y="${y}" text-anchor="${anchor}" fill="${colour}">${words}</text>`
}
