// The picture of the lanes on a canvas: time goes to the right, a band for each worker with a lane for each slot. An attempt that
// was cut off ends in a torn edge, and a line leads from there to where its task went on.
import type { Bar, Lanes, Life } from './lanes.js'
import { shortId } from './words.js'

export interface Look {
  readonly width: number
  readonly now: number
  readonly spanMs: number
  readonly still: boolean
}

export interface Band {
  readonly life: Life
  readonly top: number
  readonly height: number
  /** Of its first lane. */
  readonly lanesTop: number
  readonly laneHeight: number
}

const LIVES_MAX = 40
const GONE_SHOWN_MS = 5 * 60_000
const AXIS = 22
const GAP = 8
const LABEL = 132
const NARROW_LABEL = 84

/** What the names of the workers have to the left of the lanes. */
function labelOf({ width }: Pick<Look, 'width'>): number {
  return width < 560 ? NARROW_LABEL : LABEL
}

/** Those first that died lately, so that they are seen; then by name. */
export function bandsOf(
  lanes: Lanes,
  { now, spanMs }: Pick<Look, 'now' | 'spanMs'>,
): { bands: Band[]; height: number; more: number } {
  const shown = [...lanes.lives.values()].filter(
    ({ goneAt }) => goneAt === undefined || goneAt > now - Math.min(spanMs, GONE_SHOWN_MS),
  )
  const order = (life: Life): number => (life.goneAt === undefined || shown.length <= LIVES_MAX ? 1 : 0)
  shown.sort(
    (one, other) =>
      order(one) - order(other) ||
      one.name.localeCompare(other.name, 'en', { numeric: true }) ||
      (one.goneAt ?? Number.POSITIVE_INFINITY) - (other.goneAt ?? Number.POSITIVE_INFINITY),
  )
  // Where there are many, each is as low as its name lets it be.
  const room = Math.max(22, Math.min(64, Math.floor(640 / shown.length)))
  let top = AXIS
  const bands = shown.slice(0, LIVES_MAX).map((life) => {
    const laneHeight = Math.max(3, Math.min(16, Math.floor(room / life.lanes)))
    const height = Math.max(28, laneHeight * life.lanes + 6)
    const lanesTop = top + (height - laneHeight * life.lanes) / 2
    const band = { life, top, height, lanesTop, laneHeight }
    top += height + GAP
    return band
  })
  return { bands, height: Math.max(90, top + 4), more: Math.max(0, shown.length - LIVES_MAX) }
}

const COLOURS = [
  ...(['text', 'faint', 'line', 'band', 'gone'] as const),
  ...(['running', 'completed', 'retried', 'failed', 'lost', 'moved', 'returned'] as const),
] as const

export type Colour = (typeof COLOURS)[number]
type Colours = Readonly<Record<Colour, string>>

/** As the style sheet has them. */
export function coloursOf(element: Element): Colours {
  const style = getComputedStyle(element)
  return Object.fromEntries(COLOURS.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Colours
}

export function drawLanes(canvas: HTMLCanvasElement, lanes: Lanes, look: Look): void {
  const { width, now, spanMs } = look
  const { bands, height } = bandsOf(lanes, look)
  const ratio = window.devicePixelRatio || 1
  if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
    canvas.width = Math.round(width * ratio)
    canvas.height = Math.round(height * ratio)
    canvas.style.height = `${height}px`
  }
  const pen = canvas.getContext('2d')!
  const colours = coloursOf(canvas)
  pen.setTransform(ratio, 0, 0, ratio, 0, 0)
  pen.clearRect(0, 0, width, height)
  const label = labelOf(look)
  const x = (at: number): number => label + ((at - (now - spanMs)) / spanMs) * (width - label - 8)
  drawAxis(pen, colours, { ...look, height, label, x })
  pen.save()
  for (const band of bands) drawBand(pen, colours, band, { ...look, label, x })
  pen.restore()
  drawMoves(pen, colours, bands, { ...look, label, x })
}

interface Place extends Look {
  readonly label: number
  readonly x: (at: number) => number
}

function drawAxis(
  pen: CanvasRenderingContext2D,
  { faint, line }: Colours,
  { width, now, spanMs, height, label, x }: Place & { height: number },
): void {
  pen.font = '11px system-ui, sans-serif'
  pen.textBaseline = 'middle'
  const stepMs =
    [5, 10, 15, 30, 60, 120].map((seconds) => seconds * 1_000).find((ms) => ((width - label) * ms) / spanMs > 70) ??
    120_000
  for (let at = Math.ceil((now - spanMs) / stepMs) * stepMs; at <= now; at += stepMs) {
    pen.strokeStyle = line
    pen.beginPath()
    pen.moveTo(Math.round(x(at)) + 0.5, AXIS - 4)
    pen.lineTo(Math.round(x(at)) + 0.5, height)
    pen.stroke()
    pen.fillStyle = faint
    pen.textAlign = 'center'
    const text = new Date(at).toLocaleTimeString('en-GB')
    if (x(at) > label + 22 && x(at) < width - 26) pen.fillText(text, x(at), 9)
  }
}

function drawBand(
  pen: CanvasRenderingContext2D,
  colours: Colours,
  { life, top, height, lanesTop, laneHeight }: Band,
  { width, now, spanMs, label, x }: Place,
): void {
  const gone = life.goneAt !== undefined
  pen.fillStyle = colours.band
  pen.beginPath()
  pen.roundRect(label, top, width - label - 4, height, 4)
  pen.fill()
  pen.textAlign = 'left'
  pen.fillStyle = gone ? colours.lost : colours.text
  pen.font = `600 12px system-ui, sans-serif`
  pen.fillText(fit(pen, life.name, label - 12), 2, top + height / 2 - 6)
  pen.font = '11px system-ui, sans-serif'
  pen.fillStyle = gone ? colours.lost : colours.faint
  const busy = life.bars.filter(({ to }) => to === undefined).length
  pen.fillText(
    fit(
      pen,
      gone ? (life.cutOff > 0 ? `died, ${life.cutOff} cut off` : 'gone') : `${busy} of ${life.lanes} busy`,
      label - 12,
    ),
    2,
    top + height / 2 + 8,
  )
  pen.save()
  pen.beginPath()
  pen.rect(label, top, width - label - 4, height)
  pen.clip()
  if (life.goneAt !== undefined) drawGone(pen, colours, x(life.goneAt), top, width - 4, height)
  for (const bar of life.bars) {
    if ((bar.to ?? now) < now - spanMs) continue
    drawBar(pen, colours, bar, {
      left: Math.max(label, x(bar.from)),
      right: x(bar.to ?? now),
      top: lanesTop + bar.lane * laneHeight,
      height: Math.max(2, laneHeight - 2),
    })
  }
  pen.restore()
}

/** Nobody is there any more. */
function drawGone(
  pen: CanvasRenderingContext2D,
  { gone, lost }: Colours,
  left: number,
  top: number,
  right: number,
  height: number,
): void {
  pen.save()
  pen.beginPath()
  pen.rect(left, top, right - left, height)
  pen.clip()
  pen.strokeStyle = gone
  pen.lineWidth = 1
  pen.beginPath()
  for (let at = left - height; at < right; at += 7) {
    pen.moveTo(at, top + height)
    pen.lineTo(at + height, top)
  }
  pen.stroke()
  pen.strokeStyle = lost
  pen.lineWidth = 2
  pen.beginPath()
  pen.moveTo(left, top)
  pen.lineTo(left, top + height)
  pen.stroke()
  pen.restore()
}

interface Box {
  readonly left: number
  readonly right: number
  readonly top: number
  readonly height: number
}

function drawBar(pen: CanvasRenderingContext2D, colours: Colours, bar: Bar, { left, right, top, height }: Box): void {
  const width = Math.max(2, right - left - 1)
  pen.fillStyle = colourOf(bar, colours)
  pen.beginPath()
  if (bar.how === 'lost') {
    // Torn off.
    pen.moveTo(left, top)
    pen.lineTo(left + width, top)
    const teeth = 3
    for (let tooth = 0; tooth < teeth; tooth += 1) {
      pen.lineTo(left + width - 4, top + ((tooth + 0.5) * height) / teeth)
      pen.lineTo(left + width, top + ((tooth + 1) * height) / teeth)
    }
    pen.lineTo(left, top + height)
    pen.closePath()
  } else pen.roundRect(left, top, width, height, Math.min(3, height / 3))
  pen.fill()
  if (width < 46 || height < 11) return
  pen.save()
  pen.clip()
  pen.fillStyle = '#fff'
  pen.font = '10.5px system-ui, sans-serif'
  pen.textAlign = 'left'
  const said = `${bar.type || 'task'}${bar.attempt > 1 ? ` · attempt ${bar.attempt}` : ''} ${width > 150 && bar.task ? shortId(bar.task) : ''}`
  pen.fillText(fit(pen, said, width - 8), left + 5, top + height / 2 + 0.5)
  pen.restore()
}

function colourOf({ how, after }: Bar, colours: Colours): string {
  if (how === undefined) return after === undefined ? colours.running : colours.moved
  if (how === 'unseen' || how === 'completed') return after === undefined ? colours.completed : colours.moved
  if (how === 'cancelled') return colours.returned
  return colours[how]
}

/** From where each was cut off to where it went on; where that is not yet, it waits. */
function drawMoves(
  pen: CanvasRenderingContext2D,
  colours: Colours,
  bands: readonly Band[],
  { now, spanMs, width, label, x }: Place,
): void {
  const places = new Map(bands.map((band) => [band.life.incarnation, band]))
  const middle = ({ worker, lane }: Bar): number | undefined => {
    const band = places.get(worker)
    return band && band.lanesTop + lane * band.laneHeight + band.laneHeight / 2 - 1
  }
  pen.save()
  pen.beginPath()
  pen.rect(label, 0, width - label, 100_000)
  pen.clip()
  pen.lineWidth = 1.75
  for (const band of bands) {
    for (const bar of band.life.bars) {
      if (bar.how !== 'lost' || bar.to === undefined || bar.to < now - spanMs) continue
      const fromY = middle(bar)!
      const toY = bar.next && middle(bar.next)
      const fromX = x(bar.to)
      drawCut(pen, colours, fromX, fromY)
      pen.strokeStyle = pen.fillStyle = colours.moved
      if (bar.next === undefined || toY === undefined) continue
      const toX = Math.max(fromX + 2, x(bar.next.from))
      const bend = Math.max(14, (toX - fromX) / 2)
      pen.setLineDash([])
      pen.beginPath()
      pen.moveTo(fromX, fromY)
      pen.bezierCurveTo(fromX + bend, fromY, toX - bend, toY, toX - 5, toY)
      pen.stroke()
      pen.beginPath()
      pen.moveTo(toX, toY)
      pen.lineTo(toX - 7, toY - 4)
      pen.lineTo(toX - 7, toY + 4)
      pen.fill()
    }
  }
  pen.restore()
}

/** Here it was cut off. */
function drawCut(pen: CanvasRenderingContext2D, { lost }: Colours, x: number, y: number): void {
  pen.fillStyle = lost
  pen.strokeStyle = '#fff'
  pen.beginPath()
  pen.arc(x, y, 6, 0, 7)
  pen.fill()
  pen.beginPath()
  for (const side of [-1, 1]) {
    pen.moveTo(x - 2.5, y - 2.5 * side)
    pen.lineTo(x + 2.5, y + 2.5 * side)
  }
  pen.stroke()
}

function fit(pen: CanvasRenderingContext2D, text: string, width: number): string {
  if (pen.measureText(text).width <= width) return text
  let end = text.length
  while (end > 1 && pen.measureText(`${text.slice(0, end)}…`).width > width) end -= 1
  return `${text.slice(0, end)}…`
}

/** What is under the pointer. */
export function barAt(lanes: Lanes, look: Look, pointX: number, pointY: number): Bar | undefined {
  const { bands } = bandsOf(lanes, look)
  const label = labelOf(look)
  const at = look.now - look.spanMs + ((pointX - label) / (look.width - label - 8)) * look.spanMs
  const band = bands.find(({ top, height }) => pointY >= top && pointY < top + height)
  if (band === undefined || pointX < label) return undefined
  const lane = Math.floor((pointY - band.lanesTop) / band.laneHeight)
  const slackMs = look.spanMs / 300
  return band.life.bars.find(
    (bar) => bar.lane === lane && bar.from - slackMs <= at && (bar.to ?? look.now) + slackMs >= at,
  )
}
