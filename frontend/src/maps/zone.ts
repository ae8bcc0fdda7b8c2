// The map of the zone: our own shapes only. No tile, glyph or image comes from elsewhere, and nothing needs a
// looser policy than script-src 'self'.
import * as ml from 'maplibre-gl'
import cssUrl from 'maplibre-gl/dist/maplibre-gl.css?url'
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?url'

export type Words = Record<string, string>
type Feature = GeoJSON.Feature
const MARGIN = 40
const GRID_STEP = 0.05 // degrees, about five kilometres
const NOTHING: GeoJSON.FeatureCollection = { type: 'FeatureCollection', features: [] }

export function wordsOf(host: HTMLElement): Words {
  const words: Words = {}
  for (const template of host.querySelectorAll<HTMLTemplateElement>('template[data-map-words]')) {
    for (const word of template.content.querySelectorAll<HTMLElement>('[data-word]')) {
      words[word.dataset.word ?? ''] = word.textContent ?? ''
    }
  }
  return words
}

let styled: Promise<void> | undefined

/** Load the stylesheet and the fonts once; without the fonts the labels would be drawn in another one. */
function prepare(): Promise<unknown> {
  ml.setWorkerUrl(new URL(workerUrl, location.origin).href)
  styled ??= new Promise((resolve, reject) => {
    const link = Object.assign(document.createElement('link'), { rel: 'stylesheet', href: cssUrl })
    link.addEventListener('load', () => resolve())
    link.addEventListener('error', () => reject(new Error(cssUrl)))
    document.head.append(link)
  })
  const fonts = ['400', '700'].map(weight => document.fonts.load(`${weight} 16px "Be Vietnam Pro"`, 'Đặng'))
  return Promise.all([styled, ...fonts])
}

/** Read a colour that the style sheet gives to a class, as the theme has it now. */
function colour(host: HTMLElement, name: string): string {
  const probe = document.createElement('i')
  probe.className = `map-probe map-probe-${name}`
  host.append(probe)
  const found = getComputedStyle(probe).color
  probe.remove()
  return found
}

const FUNCTIONS = ['production', 'port', 'logistics', 'trade', 'other']

/** Draw the pattern of a function: the same marks as in the drawing for paper. */
function pattern(name: string, ground: string, mark: string): ImageData | undefined {
  const canvas = Object.assign(document.createElement('canvas'), { width: 16, height: 16 })
  const pen = canvas.getContext('2d')
  if (!pen) return undefined
  pen.fillStyle = ground
  pen.fillRect(0, 0, 16, 16)
  pen.strokeStyle = pen.fillStyle = mark
  pen.lineWidth = 1.6
  const line = (...ends: number[]): void => {
    pen.beginPath()
    pen.moveTo(ends[0] ?? 0, ends[1] ?? 0)
    pen.lineTo(ends[2] ?? 0, ends[3] ?? 0)
    pen.stroke()
  }
  if (name === 'production') for (const shift of [-16, 0, 16]) line(shift - 4, 20, shift + 20, -4)
  if (name === 'port' || name === 'logistics') line(0, 8, 16, 8)
  if (name === 'logistics') line(8, 0, 8, 16)
  if (name === 'trade') {
    pen.beginPath()
    pen.arc(8, 8, 2.4, 0, 2 * Math.PI)
    pen.fill()
  }
  return pen.getImageData(0, 0, 16, 16)
}

/** Lines of whole steps of longitude and latitude, to see where one is without a ground map. */
function graticule(): GeoJSON.FeatureCollection {
  const features: Feature[] = []
  const line = (ends: number[][]): void => {
    features.push({ type: 'Feature', properties: {}, geometry: { type: 'LineString', coordinates: ends } })
  }
  for (let n = 0; n <= 30; n++) {
    line([[106 + n * GRID_STEP, 20], [106 + n * GRID_STEP, 21.5]])
    line([[106, 20 + n * GRID_STEP], [107.5, 20 + n * GRID_STEP]])
  }
  return { type: 'FeatureCollection', features }
}

/** The middle of a ring by its area: where the name of a shape stands, once, however many tiles the shape covers. */
function middle(ring: GeoJSON.Position[]): GeoJSON.Position {
  let [twice, east, north] = [0, 0, 0]
  const [x0, y0] = [ring[0]?.[0] ?? 0, ring[0]?.[1] ?? 0]
  ring.forEach((from, n) => {
    const to = ring[(n + 1) % ring.length] ?? from
    const [ax, ay, bx, by] = [(from[0] ?? 0) - x0, (from[1] ?? 0) - y0, (to[0] ?? 0) - x0, (to[1] ?? 0) - y0]
    const part = ax * by - bx * ay
    twice += part
    east += (ax + bx) * part
    north += (ay + by) * part
  })
  return twice ? [x0 + east / (3 * twice), y0 + north / (3 * twice)] : [x0, y0]
}

function names(zone: GeoJSON.FeatureCollection): GeoJSON.FeatureCollection {
  const features: Feature[] = []
  for (const each of zone.features) {
    const rings = each.geometry.type === 'Polygon' ? [each.geometry.coordinates[0] ?? []]
      : each.geometry.type === 'MultiPolygon' ? each.geometry.coordinates.map(shape => shape[0] ?? []) : []
    for (const ring of rings) {
      features.push({ type: 'Feature', properties: each.properties, geometry: { type: 'Point', coordinates: middle(ring) } })
    }
  }
  return { type: 'FeatureCollection', features }
}

function styleOf(host: HTMLElement, zone: GeoJSON.FeatureCollection, place: GeoJSON.GeoJSON): ml.StyleSpecification {
  const paint = (name: string): string => colour(host, name)
  const text = (size: number, weight: string): ml.SymbolLayerSpecification['layout'] => ({
    'text-field': ['get', 'code'], 'text-size': size, 'text-padding': 4,
    'text-font': weight ? [`Be Vietnam Pro ${weight}`, 'Be Vietnam Pro'] : ['Be Vietnam Pro'],
  })
  const of = (kind: string): ml.FilterSpecification => ['==', ['get', 'kind'], kind]
  const label = { 'text-color': paint('label'), 'text-halo-color': paint('ground'), 'text-halo-width': 1.5 }
  return {
    version: 8,
    sources: {
      grid: { type: 'geojson', data: graticule() },
      zone: { type: 'geojson', data: zone },
      names: { type: 'geojson', data: names(zone) },
      place: { type: 'geojson', data: place },
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': paint('ground') } },
      { id: 'grid', type: 'line', source: 'grid', paint: { 'line-color': paint('grid'), 'line-width': 1 } },
      {
        id: 'areas', type: 'fill', source: 'zone', filter: of('AREA'),
        paint: { 'fill-pattern': ['concat', 'pattern-', ['downcase', ['get', 'function']]] },
      },
      { id: 'area-borders', type: 'line', source: 'zone', filter: of('AREA'), paint: { 'line-color': paint('label'), 'line-width': .75, 'line-opacity': .6 } },
      { id: 'site-borders', type: 'line', source: 'zone', filter: of('SITE'), paint: { 'line-color': paint('site'), 'line-width': 2.5 } },
      { id: 'place-fill', type: 'fill', source: 'place', filter: ['==', ['geometry-type'], 'Polygon'], paint: { 'fill-color': paint('place'), 'fill-opacity': .35 } },
      { id: 'place-line', type: 'line', source: 'place', paint: { 'line-color': paint('place'), 'line-width': 3 } },
      { id: 'place-points', type: 'circle', source: 'place', filter: ['==', ['geometry-type'], 'Point'], paint: { 'circle-radius': 7, 'circle-color': paint('place'), 'circle-stroke-color': paint('ground'), 'circle-stroke-width': 2 } },
      { id: 'area-labels', type: 'symbol', source: 'names', filter: of('AREA'), minzoom: 11, layout: text(13, ''), paint: label },
      { id: 'site-labels', type: 'symbol', source: 'names', filter: of('SITE'), maxzoom: 11, layout: text(16, 'Bold'), paint: label },
    ],
  }
}

/** Return the smallest box around shapes, in degrees. */
export function boundsOf(features: Feature[]): ml.LngLatBounds | undefined {
  const bounds = new ml.LngLatBounds()
  const take = (part: unknown): void => {
    if (!Array.isArray(part)) return
    if (typeof part[0] === 'number') bounds.extend(part as [number, number])
    else for (const each of part) take(each)
  }
  for (const feature of features) if ('coordinates' in feature.geometry) take(feature.geometry.coordinates)
  return bounds.isEmpty() ? undefined : bounds
}

export interface ZoneMap {
  map: ml.Map
  zone: GeoJSON.FeatureCollection
  /** Draw a place on top; nothing clears it. */
  show(place: GeoJSON.GeoJSON | undefined): void
  /** Bring a site, or all of them, into view. */
  frame(site?: string): void
  remove(): void
}

/**
 * Put the map in place of the drawing that stands in the host.
 * data-source: address of the shapes. The host gets data-idle while nothing moves, for tests.
 */
export async function zoneMap(host: HTMLElement, words: Words): Promise<ZoneMap> {
  const [zone] = await Promise.all([
    fetch(host.dataset.source ?? '').then(answer => {
      if (!answer.ok) throw new Error(`${answer.status}`)
      return answer.json() as Promise<GeoJSON.FeatureCollection>
    }),
    prepare(),
  ])
  const frame = document.createElement('div')
  frame.className = 'map-frame'
  const drawing = host.querySelector<SVGElement>('svg.sketch')
  drawing?.replaceWith(frame)
  if (!drawing) host.prepend(frame)
  let place: GeoJSON.GeoJSON = NOTHING
  const options: ml.FitBoundsOptions = { padding: MARGIN, maxZoom: 16 }
  const bounds = boundsOf(zone.features)
  const map = new ml.Map({
    container: frame, style: styleOf(host, zone, place), attributionControl: false, cooperativeGestures: true,
    dragRotate: false, pitchWithRotate: false, touchPitch: false, fadeDuration: 0, maxZoom: 18, minZoom: 7,
    ...(bounds ? { bounds, fitBoundsOptions: options } : {}),
    locale: {
      'Map.Title': words.title ?? '', 'NavigationControl.ZoomIn': words.zoomIn ?? '',
      'NavigationControl.ZoomOut': words.zoomOut ?? '', 'NavigationControl.ResetBearing': words.north ?? '',
      'CooperativeGesturesHandler.MobileHelpText': words.touch ?? '',
      'CooperativeGesturesHandler.WindowsHelpText': words.wheel ?? '',
      'CooperativeGesturesHandler.MacHelpText': words.wheelMac ?? '',
    },
  })
  map.touchZoomRotate.disableRotation()
  map.keyboard.disableRotation()
  map.addControl(new ml.NavigationControl({ showCompass: false }))
  map.addControl(new ml.ScaleControl({ unit: 'metric' }))
  map.on('style.load', () => {
    for (const name of FUNCTIONS) {
      const image = pattern(name, colour(host, name), colour(host, `${name}-mark`))
      if (image) map.addImage(`pattern-${name}`, image, { pixelRatio: 2 })
    }
  })
  map.on('idle', () => host.setAttribute('data-idle', ''))
  map.on('movestart', () => host.removeAttribute('data-idle'))
  // A change of theme repaints everything: a new style starts without images, so the patterns are made anew.
  const themes = new MutationObserver(() => map.setStyle(styleOf(host, zone, place), { diff: false }))
  themes.observe(document.documentElement, { attributeFilter: ['data-bs-theme'] })
  return {
    map,
    zone,
    show(given) {
      place = given ?? NOTHING
      void map.getSource<ml.GeoJSONSource>('place')?.setData(place)
    },
    frame(site) {
      const wanted = boundsOf(zone.features.filter(each => !site || each.id === site))
      if (wanted) map.fitBounds(wanted, options)
    },
    remove() {
      themes.disconnect()
      map.remove()
    },
  }
}
