import { expect, it } from 'vitest'
import { sortOut } from '../src/incoming'

it('takes no file for a photo that is empty, of another kind, or of a system', () => {
  const file = (name: string, bytes = 1, type = ''): File => new File([new Uint8Array(bytes)], name, { type })
  const { photos, others } = sortOut([file('a.jpg'), file('b.HEIC'), file('empty.png', 0), file('c.txt', 1, 'text/plain'), file('.DS_Store'), file('Thumbs.db')])
  expect(photos.map(({ name }) => name)).toEqual(['a.jpg', 'b.HEIC'])
  expect(others.map(({ name }) => name)).toEqual(['empty.png', 'c.txt'])
})
