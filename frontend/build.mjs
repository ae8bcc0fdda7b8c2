// Bundles src/ into app/web/static/dist with hashed names and a manifest {name: url}.
// `node build.mjs` builds once; `--watch` builds again whenever a source changes.
import { createHash } from 'node:crypto'
import { watch } from 'node:fs'
import { mkdir, readFile, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { basename, dirname, join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import * as esbuild from 'esbuild'

const here = dirname(fileURLToPath(import.meta.url))
const dist = join(here, '../app/web/static/dist')
const publicPath = '/static/dist/'

// import url from 'package/file?url' gives the address of a hashed copy. A stylesheet imported inside a
// lazily loaded island would otherwise not be loaded at all.
const assetUrl = {
  name: 'asset-url',
  setup(build) {
    build.onResolve({ filter: /\?url$/ }, async args => {
      const found = await build.resolve(args.path.slice(0, -4), {
        kind: 'import-statement', resolveDir: args.resolveDir, importer: args.importer,
      })
      return found.errors.length ? found : { path: found.path, namespace: 'url' }
    })
    build.onLoad({ filter: /.*/, namespace: 'url' }, async args => (
      { contents: await readFile(args.path), loader: 'file' }))
  },
}

// Every browser that runs these pages reads woff2; the older copies would double the font files.
const woff2Only = {
  name: 'woff2-only',
  setup(build) {
    build.onLoad({ filter: /@fontsource.*\.css$/ }, async args => ({
      loader: 'css',
      contents: (await readFile(args.path, 'utf8')).replace(/,\s*url\([^)]*\.woff\)\s*format\('woff'\)/g, ''),
    }))
  },
}

const common = {
  absWorkingDir: here, bundle: true, minify: true, metafile: true, outdir: dist, publicPath,
  target: ['es2022'], legalComments: 'linked', logLevel: 'warning',
  entryNames: '[name]-[hash]', chunkNames: 'c/[name]-[hash]', assetNames: 'a/[name]-[hash]',
  loader: { '.woff2': 'file' }, plugins: [assetUrl, woff2Only],
}

/** One SVG file of <symbol>s from the names in src/icons.txt; the shapes come from the icon package. */
async function iconSprite() {
  const names = (await readFile(join(here, 'src/icons.txt'), 'utf8')).split('\n')
    .map(line => line.replace(/#.*/, '').trim()).filter(Boolean)
  const symbols = await Promise.all(names.map(async name => {
    const svg = await readFile(join(here, `node_modules/@tabler/icons/icons/outline/${name}.svg`), 'utf8')
    const shapes = svg.replace(/^[\s\S]*?<svg[^>]*>|<\/svg>\s*$/g, '')
      .replace(/<path stroke="none"[^>]*\/>/, '').replace(/\s*\n\s*/g, '')
    return `<symbol id="${name}" viewBox="0 0 24 24">${shapes}</symbol>`
  }))
  const licence = (await readFile(join(here, 'node_modules/@tabler/icons/LICENSE'), 'utf8')).replaceAll('--', '- -')
  const sprite = `<svg xmlns="http://www.w3.org/2000/svg"><!--\n${licence}-->${symbols.join('')}</svg>\n`
  const file = `icons-${createHash('sha256').update(sprite).digest('hex').slice(0, 8).toUpperCase()}.svg`
  await writeFile(join(dist, file), sprite)
  return file
}

/** Names for templates: entry points by name, plus the font file that every Vietnamese page needs first. */
function manifestOf(runs) {
  const manifest = {}
  for (const run of runs) {
    for (const [output, about] of Object.entries(run.metafile.outputs)) {
      const url = publicPath + relative(dist, join(here, output)).replaceAll('\\', '/')
      if (/^src\/[^/]+$/.test(about.entryPoint ?? '')) manifest[basename(about.entryPoint).replace(/\.ts$/, '.js')] = url
      if (/be-vietnam-pro-vietnamese-400-normal-.*\.woff2$/.test(output)) manifest['font-400.woff2'] = url
    }
  }
  return manifest
}

/** Remove what an earlier build left, so that the folder holds exactly the files of this one. */
async function sweep(kept) {
  for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath ?? entry.path, entry.name)
    if (entry.isFile() && !kept.has(path)) await rm(path)
  }
}

async function build() {
  const started = Date.now()
  await mkdir(dist, { recursive: true })
  const [sprite, ...runs] = await Promise.all([
    iconSprite(),
    esbuild.build({ ...common, format: 'esm', splitting: true, entryPoints: ['src/app.ts', 'src/app.css'] }),
    esbuild.build({ ...common, format: 'iife', entryPoints: ['src/theme.ts'] }),
  ])
  const manifest = { ...manifestOf(runs), 'icons.svg': publicPath + sprite }
  // Written aside and renamed: a server that starts meanwhile never reads half a manifest.
  await writeFile(join(dist, 'manifest.json.new'), JSON.stringify(manifest, null, 2) + '\n')
  await rename(join(dist, 'manifest.json.new'), join(dist, 'manifest.json'))
  const outputs = runs.flatMap(run => Object.keys(run.metafile.outputs)).map(output => join(here, output))
  await sweep(new Set([...outputs, join(dist, sprite), join(dist, 'manifest.json')]))
  console.log(`assets: ${outputs.length + 2} files in ${Date.now() - started} ms`)
}

await build()
if (process.argv.includes('--watch')) {
  let pending
  watch(join(here, 'src'), { recursive: true }, () => {
    clearTimeout(pending)
    pending = setTimeout(() => build().catch(error => console.error(error.message)), 100)
  })
}
