/** Owns the declarations that libraries leave out. */
declare module 'hls.js/light' {
  export * from 'hls.js'
  export { default } from 'hls.js'
}
declare module '*.css'
