// Your own backend signs: it answers with the blob's URL and a SAS that has `w`, and `r` to resume.
import Uppy from '@uppy/core'
import AzureBlob from 'uppy-azure-blob'

export const uppy = new Uppy().use(AzureBlob, {
  getUpload: async (file, { blobName, signal }) => {
    const answer = await fetch('/sign', {
      method: 'POST',
      body: JSON.stringify({ blobName, type: file.type, size: file.size }),
      signal: signal ?? null,
    })
    if (!answer.ok) throw new Error(`The backend answered ${answer.status}`)
    return (await answer.json()) as { url: string; expiresAt: string }
  },
  limit: 4,
  integrity: 'crc64', // 'md5' with Azurite, which lacks CRC-64
})
