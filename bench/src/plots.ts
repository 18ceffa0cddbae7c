// The plots of the results, as SVG.
import * as vega from 'vega'
import { type Config, compile, type TopLevelSpec } from 'vega-lite'
import { type Figure, median, rounded } from './figures.js'

const WIDTH = 640
const COLOR = '#7f9fb6'
const OWN = '#d9822b'
const WHISKER = '#333333'
/** Room for the figure beside the longest bar. */
const LABEL_SHARE = 1.12
const LOOKS: Config = {
  background: 'white',
  font: 'Helvetica, Arial, sans-serif',
  title: { anchor: 'start', fontSize: 14, subtitleColor: '#666666', subtitlePadding: 4, offset: 12 },
  axis: { labelFontSize: 11, titleFontSize: 11, titleFontWeight: 'normal', gridColor: '#e8e8e8', domain: false },
  view: { stroke: null },
}

export interface Titles {
  readonly title: string
  readonly about: string
}

/** Median and spread of each, side by side. */
export function bars({ title, about }: Titles, figures: readonly Figure[]): Promise<string> {
  const values = figures
    .filter(({ values }) => values.length > 0)
    .map((figure) => ({ name: figure.name, ...range(figure), own: figure.name === 'dtr' }))
  const domain = [0, Math.max(...values.map(({ most }) => most)) * LABEL_SHARE]
  const x = { type: 'quantitative', scale: { domain, nice: false }, title: figures[0]?.unit ?? '' } as const
  return svg({
    ...{ title: { text: title, subtitle: about }, width: WIDTH, data: { values } },
    encoding: {
      y: { field: 'name', type: 'nominal', sort: null, title: null, axis: { labelLimit: 240, ticks: false } },
    },
    layer: [
      {
        mark: { type: 'bar', height: 18 },
        encoding: {
          x: { field: 'median', ...x },
          color: { field: 'own', type: 'nominal', scale: { domain: [false, true], range: [COLOR, OWN] }, legend: null },
        },
      },
      {
        mark: { type: 'rule', strokeWidth: 1.5, color: WHISKER },
        encoding: { x: { field: 'least', ...x }, x2: { field: 'most' } },
      },
      {
        mark: { type: 'text', align: 'left', dx: 6, fontSize: 11 },
        encoding: { x: { field: 'most', ...x }, text: { field: 'shown', type: 'nominal' } },
      },
    ],
  })
}

/** Median and spread over a number that grows by powers of ten. */
export function line(
  { title, about }: Titles,
  points: readonly { readonly at: number; readonly figure: Figure }[],
  axis: string,
): Promise<string> {
  const values = points.map(({ at, figure }) => ({ at, ...range(figure) }))
  const ticks = Array.from({ length: 8 }, (_, power) => 10 ** power)
  const scale = { type: 'log', padding: 30 } as const
  const x = { field: 'at', type: 'quantitative', scale, title: axis, axis: { values: ticks, grid: false } } as const
  return svg({
    ...{ title: { text: title, subtitle: about }, width: WIDTH, height: 240, data: { values } },
    encoding: { x },
    layer: [
      {
        mark: { type: 'line', point: { color: OWN, size: 50 }, color: OWN },
        encoding: {
          y: { field: 'median', type: 'quantitative', title: points[0]?.figure.unit ?? '', scale: { zero: true } },
        },
      },
      {
        mark: { type: 'rule', strokeWidth: 1.5, color: WHISKER },
        encoding: { y: { field: 'least', type: 'quantitative' }, y2: { field: 'most' } },
      },
      {
        mark: { type: 'text', baseline: 'top', dy: 12, fontSize: 11 },
        encoding: { y: { field: 'least', type: 'quantitative' }, text: { field: 'shown', type: 'nominal' } },
      },
    ],
  })
}

function range({ values }: Figure): { median: number; least: number; most: number; shown: string } {
  const middle = median(values)
  return { median: middle, least: Math.min(...values), most: Math.max(...values), shown: rounded(middle) }
}

function svg(spec: TopLevelSpec): Promise<string> {
  const { spec: compiled } = compile(spec, { config: LOOKS })
  return new vega.View(vega.parse(compiled), { renderer: 'none' }).toSVG()
}
