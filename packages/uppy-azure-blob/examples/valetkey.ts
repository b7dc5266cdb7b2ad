// Valetkey's API signs and commits: one line of options.
import Uppy from '@uppy/core'
import AzureBlob from 'uppy-azure-blob'

const uppy = new Uppy({ autoProceed: true }).use(AzureBlob, { endpoint: '/api' })

uppy.on('upload-success', (file, { uploadURL }) => {
  document.body.append(`${file?.name} is at ${uploadURL}`)
})
document.querySelector('input')!.addEventListener('change', ({ currentTarget }) => {
  const { files } = currentTarget as HTMLInputElement
  uppy.addFiles(Array.from(files ?? [], (data) => ({ name: data.name, type: data.type, data })))
})
