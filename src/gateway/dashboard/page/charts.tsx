// How it goes over time, drawn by uPlot, which is served beside the page and makes itself known as a global.
import type uPlotType from 'uplot'
import type { Cluster, Column } from './cluster.js'
import { type Colour, coloursOf } from './draw-lanes.js'
import { Component, h } from './preact.js'
import { Section } from './section.js'
import { rateOf, spanOf } from './words.js'

declare const uPlot: typeof uPlotType

interface Line {
  readonly label: string
  readonly colour: Colour
  readonly values: () => Column
  readonly fill?: boolean
}

interface ChartProps {
  readonly title: string
  readonly times: () => number[]
  readonly lines: readonly Line[]
  readonly say: (value: number) => string
}

const HEIGHT = 150

class Chart extends Component<ChartProps> {
  #plot: uPlotType | undefined
  #place: HTMLElement | null = null
  #resized: ResizeObserver | undefined
  readonly #dark = matchMedia('(prefers-color-scheme: dark)')
  readonly #again = (): void => {
    this.#plot?.destroy()
    this.#make()
  }

  override componentDidMount(): void {
    this.#make()
    this.#resized = new ResizeObserver(() => this.#plot?.setSize({ width: this.#place!.clientWidth, height: HEIGHT }))
    this.#resized.observe(this.#place!)
    this.#dark.addEventListener('change', this.#again)
  }

  override componentWillUnmount(): void {
    this.#resized?.disconnect()
    this.#dark.removeEventListener('change', this.#again)
    this.#plot?.destroy()
  }

  override componentDidUpdate(): void {
    this.#plot?.setData(this.#data())
  }

  #data(): uPlotType.AlignedData {
    const { times, lines } = this.props
    return [times(), ...lines.map(({ values }) => values())] as uPlotType.AlignedData
  }

  #make(): void {
    const place = this.#place!
    const { lines, say } = this.props
    const colours = coloursOf(place)
    const grid = { stroke: colours.line, width: 1 }
    const axis = { stroke: colours.faint, font: '11px system-ui, sans-serif', grid, ticks: { show: false } }
    this.#plot = new uPlot(
      {
        width: place.clientWidth,
        height: HEIGHT,
        legend: { show: false },
        cursor: { show: false },
        padding: [8, 8, 0, 0],
        scales: {
          // At least a minute, so that the first points do not stand for days.
          x: { range: (_plot, from, to) => [Math.min(from ?? 0, (to ?? 60) - 60), to ?? 60] },
          y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] },
        },
        axes: [
          {
            ...axis,
            size: 26,
            space: 70,
            values: (_plot, marks) =>
              marks.map((at) => (at < 1e9 ? '' : new Date(at * 1_000).toLocaleTimeString('en-GB'))),
          },
          { ...axis, size: 70, space: 34, values: (_plot, marks) => marks.map(say) },
        ],
        series: [
          {},
          ...lines.map(({ label, colour, fill }) => ({
            label,
            stroke: colours[colour],
            width: 1.75,
            spanGaps: true,
            points: { show: false },
            ...(fill === true && { fill: `${colours[colour]}22` }),
          })),
        ],
      },
      this.#data(),
      place,
    )
  }

  render({ title, lines, say }: ChartProps) {
    return (
      <figure>
        <figcaption>
          <b>{title}</b>
          {lines.map(({ label, colour, values }) => {
            const last = values().at(-1)
            return (
              <span>
                <i class={colour} aria-hidden="true" />
                {label} {last === null || last === undefined ? '–' : say(last)}
              </span>
            )
          })}
        </figcaption>
        <div
          aria-hidden="true"
          ref={(place: HTMLElement | null) => {
            if (place !== null) this.#place = place
          }}
        />
      </figure>
    )
  }
}

export function Charts({ cluster }: { cluster: Cluster }) {
  const second = (value: number): string => spanOf(value * 1_000)
  return (
    <Section id="charts" title="Over time">
      <div class="charts">
        <Chart
          title="Attempts a second"
          times={() => cluster.times}
          say={rateOf}
          lines={[
            { label: 'completed', colour: 'completed', values: () => cluster.done, fill: true },
            { label: 'failed', colour: 'failed', values: () => cluster.failed },
            { label: 'cut off', colour: 'lost', values: () => cluster.lost },
          ]}
        />
        <Chart
          title="Wait for a slot"
          times={() => cluster.waitTimes}
          say={second}
          lines={[
            { label: 'half', colour: 'running', values: () => cluster.wait50, fill: true },
            { label: '95 %', colour: 'moved', values: () => cluster.wait95 },
          ]}
        />
        <Chart
          title="Run"
          times={() => cluster.waitTimes}
          say={second}
          lines={[
            { label: 'half', colour: 'running', values: () => cluster.run50, fill: true },
            { label: '95 %', colour: 'moved', values: () => cluster.run95 },
          ]}
        />
      </div>
    </Section>
  )
}
