// The container SAS of Azure's upload tutorial, without Uppy: `GET /api/credentials` answers {sasKey, url}.
import { upload } from 'uppy-azure-blob/core'

const bar = document.querySelector('progress')!

document.querySelector('input')!.addEventListener('change', async ({ currentTarget }) => {
  const file = (currentTarget as HTMLInputElement).files?.[0]
  if (file === undefined) return
  const { location } = await upload(file, {
    getCredentials: async () => (await fetch('/api/credentials')).json(),
    container: 'images',
    onProgress: (sent, total) => (bar.value = sent / (total || 1)),
  })
  document.body.append(`The picture is at ${location}`)
})
