import { checksum, type ChecksumKind } from './checksum.js'

interface Job {
  id: number
  body: Blob
  kind: ChecksumKind
}

// The DOM types know `self` as a window; only these two members are used.
const scope = globalThis as unknown as {
  onmessage: (event: MessageEvent<Job>) => void
  postMessage(answer: { id: number; base64?: string; error?: string }): void
}

scope.onmessage = async ({ data: { id, body, kind } }) => {
  try {
    scope.postMessage({ id, base64: await checksum(body, kind) })
  } catch (error) {
    scope.postMessage({ id, error: String(error) })
  }
}
