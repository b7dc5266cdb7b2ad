import { readdirSync, readFileSync } from 'node:fs'
import type { Answers } from '../src/sas/question'

const folder = new URL('../../testdata/sas/', import.meta.url)

/** One file of testdata/sas; the README there describes the format. */
export interface Vector {
  name: string
  headers: [name: string, value: string][]
  text: string
}

const known = ['comment', 'made-by', 'expect', 'verdict', 'signature', 'now', 'account', 'container', 'blob', 'account-key',
  'delegation-key', 'policy', 'method', 'op', 'ip', 'header']

export const vectors: Vector[] = readdirSync(folder)
  .filter((file) => file.endsWith('.txt'))
  .map((file) => {
    const content = readFileSync(new URL(file, folder), 'utf8')
    const end = content.indexOf('\n\n')
    const headers = content.slice(0, end).split('\n').map((line): [string, string] => {
      const at = line.indexOf(': ')
      if (!known.includes(line.slice(0, at))) throw new Error(`${file}: header line ${line}`)
      return [line.slice(0, at), line.slice(at + 2)]
    })
    return { name: file.replace(/\.txt$/, ''), headers, text: content.slice(end + 2).replace(/\n$/, '') }
  })

export const all = (vector: Vector, name: string): string[] => vector.headers.filter((each) => each[0] === name).map((each) => each[1])
export const one = (vector: Vector, name: string): string => all(vector, name)[0] ?? ''

/** What one would type into the page's form for a vector. */
export const answersFor = (vector: Vector): Answers => ({
  text: vector.text,
  keys: all(vector, 'account-key').join(' '),
  delegation: one(vector, 'delegation-key'),
  account: one(vector, 'account'),
  container: one(vector, 'container'),
  blob: one(vector, 'blob'),
  intent: one(vector, 'op') || one(vector, 'method'),
  ip: one(vector, 'ip'),
  headers: all(vector, 'header').join('\n'),
  policies: all(vector, 'policy').join('\n'),
  at: one(vector, 'now'),
})
