// Runs before the first paint, so that neither the colours nor the language flash.
;(function () {
  var root = document.documentElement
  try {
    var theme = localStorage.getItem('vireo.theme')
    var dark = theme === 'dark' || (theme !== 'light' && matchMedia('(prefers-color-scheme: dark)').matches)
    root.classList.toggle('dark', dark)
    var meta = document.querySelector('meta[name=theme-color]')
    if (meta) meta.content = dark ? '#0d100c' : '#fcfcf9'
    root.lang = localStorage.getItem('vireo.language') || (/^zh/i.test(navigator.language) ? 'zh-CN' : 'en')
  } catch {
    // Without storage the defaults stand.
  }
})()
