/** Files on their way in: dropped anywhere, pasted, chosen. Nothing of the uploader is needed to receive them. */

/**
 * The media type of a file by its name. Systems do not know all of them (Windows and Linux say nothing of HEIC), and some
 * have names of their own: the server is told the registered one.
 */
const types: Record<string, string> = {
  jpg: 'image/jpeg', jpeg: 'image/jpeg', png: 'image/png', gif: 'image/gif', webp: 'image/webp', avif: 'image/avif',
  heic: 'image/heic', heif: 'image/heic', tif: 'image/tiff', tiff: 'image/tiff', bmp: 'image/bmp',
}

/** What the file pickers offer; what is really accepted, the server says. */
export const accept = 'image/*,.heic,.heif,.avif,.tif,.tiff,.bmp'

/** What to call a file's type in a request: by its ending where that says it, else as the browser has it; '' for no photo. */
export function photoType({ name, type }: { name: string; type: string }): string {
  if (type !== '' && !type.startsWith('image/')) return ''
  return types[/\.([^.]+)$/.exec(name)?.[1]?.toLowerCase() ?? ''] ?? (type === 'image/heif' ? 'image/heic' : type)
}

type Receive = (files: File[]) => void

/** Listens on the whole page; `onHover` says whether files are being held over it. Returns the way to stop. */
export function listenForFiles(receive: Receive, onHover: (over: boolean) => void): () => void {
  let depth = 0
  const hover = (by: number): void => {
    depth = Math.max(0, depth + by)
    onHover(depth > 0)
  }
  const carriesFiles = (event: DragEvent): boolean => event.dataTransfer?.types.includes('Files') ?? false

  const handlers: Partial<{ [K in keyof WindowEventMap]: (event: WindowEventMap[K]) => void }> = {
    dragenter: (event) => carriesFiles(event) && hover(1),
    dragleave: (event) => carriesFiles(event) && hover(-1),
    dragover: (event) => {
      if (!carriesFiles(event)) return
      event.preventDefault()
      event.dataTransfer!.dropEffect = 'copy'
    },
    drop: (event) => {
      if (!carriesFiles(event)) return
      event.preventDefault()
      hover(-Infinity)
      void droppedFiles(event.dataTransfer!).then(receive)
    },
    paste: (event) => {
      const files = Array.from(event.clipboardData?.files ?? [])
      if (files.length === 0) return
      event.preventDefault()
      receive(files.map(nameClipping))
    },
  }
  const entries = Object.entries(handlers) as [string, EventListener][]
  for (const [type, handler] of entries) addEventListener(type, handler)
  return () => {
    for (const [type, handler] of entries) removeEventListener(type, handler)
  }
}

/** All files of a drop, those in folders included. */
async function droppedFiles(transfer: DataTransfer): Promise<File[]> {
  // Entries must be taken before the event ends; they stay readable afterwards.
  const entries = Array.from(transfer.items, (item) => item.webkitGetAsEntry?.() ?? null)
  const plain = Array.from(transfer.files)
  if (!entries.some((entry) => entry?.isDirectory)) return plain
  const nested = await Promise.all(entries.map((entry) => (entry ? filesOf(entry) : [])))
  return nested.flat()
}

/** Where files of folders that were dropped lay; those of folders that were chosen say so themselves. */
const paths = new WeakMap<File, string>()

/** A file's path from the folder that was dropped or chosen, '' of one that came without a folder. */
export const folderPath = (file: File): string => file.webkitRelativePath || (paths.get(file) ?? '')

async function filesOf(entry: FileSystemEntry): Promise<File[]> {
  if (entry.isFile) {
    const file = await new Promise<File | undefined>((resolve) => (entry as FileSystemFileEntry).file(resolve, () => resolve(undefined)))
    if (file) paths.set(file, entry.fullPath)
    return file ? [file] : []
  }
  const reader = (entry as FileSystemDirectoryEntry).createReader()
  const files: File[] = []
  for (;;) {
    // A folder is read in pieces; an empty one says that it was the last.
    const batch = await new Promise<FileSystemEntry[]>((resolve) => reader.readEntries(resolve, () => resolve([])))
    if (batch.length === 0) return files
    files.push(...(await Promise.all(batch.map(filesOf))).flat())
  }
}

/** Every pasted picture is called image.png: the time tells them apart. */
function nameClipping(file: File): File {
  if (file.name !== 'image.png') return file
  const stamp = new Date().toISOString().slice(0, 19).replace('T', ' ').replaceAll(':', '.')
  return new File([file], `${stamp}.png`, { type: file.type, lastModified: file.lastModified })
}

/** Parts files into those that may be photos and the rest, also empty ones; what folders hold besides people's files is dropped. */
export function sortOut(files: readonly File[]): { photos: File[]; others: File[] } {
  const visible = files.filter((file) => !/^(\.|Thumbs\.db$|desktop\.ini$)/i.test(file.name))
  const isPhoto = (file: File): boolean => photoType(file) !== '' && file.size > 0
  return { photos: visible.filter(isPhoto), others: visible.filter((file) => !isPhoto(file)) }
}
