import { checksum, type ChecksumKind } from './checksum.js'

/** What each request's bytes are checked by: nothing, `x-ms-content-crc64`, or `Content-MD5`. */
export type Integrity = false | ChecksumKind

const header: Record<ChecksumKind, string> = { crc64: 'x-ms-content-crc64', md5: 'Content-MD5' }

/** The header that lets the storage refuse bytes that changed on the way; none when `integrity` is off. */
export async function integrityHeaders(body: Blob, integrity: Integrity): Promise<Record<string, string>> {
  if (integrity === false) return {}
  return { [header[integrity]]: await computeAside(body, integrity) }
}

interface Job {
  resolve: (base64: string) => void
  reject: (error: unknown) => void
}

let worker: Worker | undefined
/** The page's policy forbids workers, or the worker's script is not there: asking again would only fill the console. */
let forbidden = false
let jobs = new Map<number, Job>()
let lastJob = 0

/** Computes in a worker, so that the page stays smooth; here, where there are no workers. */
async function computeAside(body: Blob, kind: ChecksumKind): Promise<string> {
  if (typeof Worker === 'undefined' || forbidden) return checksum(body, kind)
  try {
    return await new Promise<string>((resolve, reject) => {
      worker ??= startWorker()
      const id = ++lastJob
      jobs.set(id, { resolve, reject })
      worker.postMessage({ id, body, kind })
    })
  } catch (error) {
    if (!(error instanceof WorkerFailure)) throw error
    // A page whose policy forbids workers still gets its checksums, a little less smoothly.
    return checksum(body, kind)
  }
}

class WorkerFailure extends Error {}

function startWorker(): Worker {
  let started: Worker
  try {
    started = new Worker(new URL('./checksum-worker.js', import.meta.url), { type: 'module' })
  } catch (cause) {
    forbidden = true
    throw new WorkerFailure('no worker', { cause })
  }
  let answered = false
  started.onmessage = ({ data }: MessageEvent<{ id: number; base64?: string; error?: string }>) => {
    answered = true
    const job = jobs.get(data.id)
    jobs.delete(data.id)
    if (data.base64 !== undefined) job?.resolve(data.base64)
    else job?.reject(new Error(data.error))
  }
  started.onerror = () => {
    forbidden = !answered
    const failed = jobs
    jobs = new Map()
    worker = undefined
    started.terminate()
    for (const job of failed.values()) job.reject(new WorkerFailure())
  }
  return started
}
