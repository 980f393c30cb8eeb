import { BarChart } from 'echarts/charts'
import { GridComponent, LegendComponent } from 'echarts/components'
import { init, use } from 'echarts/core'
import { SVGRenderer } from 'echarts/renderers'
import type { Chart, Table } from './outcome.ts'

use([BarChart, GridComponent, LegendComponent, SVGRenderer])

const width = 760
/** Of a letter at most, in pixels: nothing can be measured without a browser. */
const letter = 7
// Legible on white and on black: the page decides, and a picture does not know it.
const ink = '#768390'
const line = '#76839055'
const palette = ['#3b82f6', '#d97706', '#10a37f', '#a855f7']
const own = palette[0]
const others = '#8b949e'

/** @returns an SVG with a bar for each contestant and measure. */
export function chartOf({ rows }: Table, { measures, isLogarithmic = false }: Chart): string {
  const contestants = [...new Set(rows.map(({ contestant }) => contestant))]
  const isGrouped = measures.length > 1
  const barHeight = isGrouped ? 11 : 17
  const height = contestants.length * (measures.length * barHeight + 14) + (isGrouped ? 66 : 54)
  const valueOf = (contestant: string, measure: string): number | undefined => {
    const row = rows.find((each) => each.contestant === contestant && each.measure === measure)
    const value = row?.most ?? row?.value
    // Nothing is at no place of a logarithmic axis.
    return typeof value === 'number' && (value > 0 || !isLogarithmic) ? value : undefined
  }
  const positive = rows.flatMap(({ value, measure }) =>
    measures.includes(measure) && Number(value) > 0 ? [Number(value)] : [],
  )
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height })
  chart.setOption({
    animation: false,
    textStyle: { fontFamily: 'sans-serif', color: ink },
    grid: { left: widest(contestants) + 14, right: 72, top: isGrouped ? 38 : 8, bottom: isGrouped ? 28 : 46 },
    // The widths of letters are guesses, and this leaves room where they are too small.
    legend: { show: isGrouped, top: 4, itemGap: 44, textStyle: { color: ink }, data: [...measures] },
    xAxis: {
      type: isLogarithmic ? 'log' : 'value',
      ...(!isGrouped && {
        name: measures[0] ?? '',
        nameLocation: 'middle',
        nameGap: 26,
        nameTextStyle: { color: ink },
      }),
      // A bar of a logarithmic axis has no zero to begin at.
      ...(isLogarithmic && { min: 10 ** Math.floor(Math.log10(Math.min(...positive)) - 0.01) }),
      axisLabel: { color: ink },
      splitLine: { lineStyle: { color: line } },
    },
    yAxis: {
      type: 'category',
      inverse: true,
      data: contestants,
      axisLabel: { color: ink },
      axisLine: { lineStyle: { color: line } },
      axisTick: { show: false },
    },
    series: measures.map((measure, index) => ({
      type: 'bar',
      name: measure,
      barWidth: barHeight - 2,
      barGap: '15%',
      itemStyle: { color: palette[index % palette.length] },
      label: {
        show: true,
        position: 'right',
        color: ink,
        fontSize: isGrouped ? 10 : 12,
        formatter: ({ value }: { readonly value: unknown }) =>
          Number(value).toLocaleString('en', { maximumSignificantDigits: 3 }),
      },
      data: contestants.map((contestant) => ({
        value: valueOf(contestant, measure) ?? null,
        ...(!isGrouped && { itemStyle: { color: /graphlinks|httpLink|wsLink/.test(contestant) ? own : others } }),
      })),
    })),
  })
  const svg = chart.renderToSVGString()
  chart.dispose()
  return `${svg}\n`
}

const widest = (texts: readonly string[]): number => letter * Math.max(...texts.map(({ length }) => length))
