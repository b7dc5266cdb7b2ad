import type { JSX } from 'preact'

/** 24 x 24 line drawings; decoration only, the button around them has the name. */
const paths = {
  plus: 'M12 5v14M5 12h14',
  minus: 'M6 12h12',
  close: 'M6 6l12 12M18 6L6 18',
  check: 'M5 12.5l4.5 4.5L19 7.5',
  pause: 'M9 6v12M15 6v12',
  play: 'M8 5.5v13l10.5-6.5z',
  retry: 'M4.5 12a7.5 7.5 0 1 0 2.4-5.5M4.5 4v4.5H9',
  trash: 'M5 7h14M10 7V4.5h4V7M7 7l.8 12.5h8.4L17 7M10.3 11v5M13.7 11v5',
  download: 'M12 4v11M7.5 11l4.5 4.5 4.5-4.5M5 19.5h14',
  chevron: 'M6 9.5l6 6 6-6',
  info: 'M12 11v5.5M12 7.5v.01M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18z',
  alert: 'M12 8v5M12 16.2v.01M12 3.5L2.8 19.5h18.4z',
  camera: 'M3.5 7.5h4l1.5-2.5h6l1.5 2.5h4v11.5h-17zM12 16.5a3.5 3.5 0 1 0 0-7 3.5 3.5 0 0 0 0 7z',
  image: 'M3.5 5h17v14h-17zM3.5 16l5-5 4.5 4.5 2.5-2.5 5 4.5M15.5 9v.01',
  upload: 'M12 20V9M7.5 12.5L12 8l4.5 4.5M5 4.5h14',
  folder: 'M3.5 18.5v-13h6l2 2.5h9v10.5z',
  cloudOff: 'M4 4l16 16M8.5 8.3A6 6 0 0 0 6.5 19h11.2M10.5 6.2A6 6 0 0 1 17.9 11a4 4 0 0 1 2.9 6.3',
  globe: 'M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18zM3.5 12h17M12 3c-6 6-6 12 0 18M12 3c6 6 6 12 0 18',
} as const

export type IconName = keyof typeof paths

export function Icon({ name, size = 20 }: { name: IconName; size?: number }): JSX.Element {
  return (
    <svg class="icon" width={size} height={size} viewBox="0 0 24 24" aria-hidden="true" focusable="false">
      <path d={paths[name]} />
    </svg>
  )
}

/** The mark: a key whose bow is an aperture. */
export function Mark(): JSX.Element {
  return (
    <svg class="mark" width="28" height="28" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <rect width="32" height="32" rx="9" />
      <circle cx="13" cy="13" r="5.2" />
      <path d="M16.8 16.8l7 7M20.4 20.4l2.6-2.6" />
    </svg>
  )
}
