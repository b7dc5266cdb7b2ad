export * from './core.js'
export { type AzureBlobOptions, default } from './plugin.js'
