/** The lightbox's buttons as PhotoSwipe takes them: with their drawings as text. */
const svg = (size: number, inner: string): string =>
  `<svg class="icon" width="${size}" height="${size}" viewBox="0 0 24 24" aria-hidden="true">${inner}</svg>`
const drawing = (path: string, size = 24): string => svg(size, `<path d="${path}"/>`)

export const drawings = {
  close: drawing('M6 6l12 12M18 6L6 18'),
  left: drawing('M14.5 5.5L8 12l6.5 6.5', 36),
  right: drawing('M9.5 5.5L16 12l-6.5 6.5', 36),
  // The names are PhotoSwipe's: its style sheet hides the upright bar while there is nothing more to come closer to.
  zoom: svg(
    24,
    '<path d="M11 17.5a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13zM15.8 15.8l4.2 4.2"/><path class="pswp__zoom-icn-bar-h" d="M8.5 11h5"/><path class="pswp__zoom-icn-bar-v" d="M11 8.5v5"/>',
  ),
  trash: drawing('M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.3 11v5M13.7 11v5'),
  download: drawing('M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14'),
  info: drawing('M12 11v5.5M12 7.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z'),
}
