import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { gzipSync } from 'node:zlib'
import { build } from 'vite'
import { beforeAll, describe, expect, it } from 'vitest'

const root = fileURLToPath(new URL('../', import.meta.url))

describe('the size in a browser', () => {
  const bundled = async (entry: string): Promise<number> => {
    const result = await build({
      root,
      configFile: false,
      logLevel: 'error',
      build: {
        write: false,
        minify: true,
        lib: { entry, formats: ['es'], fileName: 'out' },
        rollupOptions: { external: [/^@uppy\//] },
      },
    })
    const outputs = (Array.isArray(result) ? result : [result]) as { output: { type: string; code?: string; fileName: string }[] }[]
    const chunks = outputs.flatMap(({ output }) => output).filter((each) => each.type === 'chunk')
    expect(chunks.length).toBeGreaterThan(0)
    return chunks.reduce((sum, { code }) => sum + gzipSync(code!, { level: 9 }).length, 0)
  }
  it('stays within 12 KB compressed, without Uppy', async () => {
    const size = await bundled('src/index.ts')
    expect(size).toBeGreaterThan(4000)
    expect(size).toBeLessThanOrEqual(12_000)
  })
  it('is smaller for those who use the core alone', async () => {
    expect(await bundled('src/core.ts')).toBeLessThan(await bundled('src/index.ts'))
  })
})

describe('what npm would publish', () => {
  let files: string[]
  beforeAll(() => {
    execFileSync('npm', ['run', 'build', '--silent'], { cwd: root })
    const json = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], { cwd: root, stdio: ['ignore', 'pipe', 'ignore'] })
    const packed: unknown = JSON.parse(json.toString())
    const first = (Array.isArray(packed) ? packed[0] : Object.values(packed as object)[0]) as { files: { path: string }[] }
    files = first.files.map(({ path }) => path)
  })
  it('has code, types, source maps and their sources, and nothing of the tests', () => {
    for (const path of ['dist/index.js', 'dist/index.d.ts', 'dist/index.js.map', 'dist/core.js', 'dist/checksum-worker.js', 'src/index.ts', 'README.md', 'package.json']) {
      expect(files).toContain(path)
    }
    expect(files.filter((path) => /test|tsconfig|node_modules/.test(path))).toEqual([])
  })
  it('names only files that exist, and no dependency but Uppy as a peer', () => {
    const manifest = JSON.parse(readFileSync(`${root}package.json`, 'utf8')) as {
      exports: Record<string, string>
      types: string
      dependencies?: object
      peerDependencies: object
    }
    for (const path of [...Object.values(manifest.exports), manifest.types]) expect(existsSync(root + path), path).toBe(true)
    expect(manifest.dependencies).toBeUndefined()
    expect(Object.keys(manifest.peerDependencies)).toEqual(['@uppy/core'])
  })
  it('loads the core without Uppy', () => {
    const script = "import { upload, blockId } from 'uppy-azure-blob/core'; console.log(typeof upload, blockId(7))"
    const out = execFileSync(process.execPath, ['--input-type=module', '-e', script], { cwd: root }).toString()
    expect(out.trim()).toBe('function MDAwMDA3')
    expect(readFileSync(`${root}dist/upload.js`, 'utf8')).not.toContain('@uppy')
  })
})
