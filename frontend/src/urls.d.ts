// `import url from 'package/file?url'` gives the address of a hashed copy (build.mjs, asset-url).
declare module '*?url' {
  const url: string
  export default url
}
