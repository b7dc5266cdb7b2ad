// Package diskstore is the durable blob storage engine: a [blobstore.Store] in a folder.
//
// What a folder holds:
//
//	FORMAT            the version of this layout
//	meta.db           a bbolt database: containers, blobs, block lists, where bytes are, what is to be reclaimed
//	segments/N.seg    append-only files with the bytes of many blobs and blocks
//	reserve           disk space kept free, so that a full disk can still be cleared
//
// Bytes are written once, to the end of a segment, and never moved: a committed block list, a snapshot and a copy only
// name them again. Every write is acknowledged after, in this order, its bytes were synced (one fdatasync serves all
// that wait for that segment) and the transaction that names them was committed (one transaction serves all that wait
// for the next one). What nothing names is reclaimed in the background by punching holes into segments, and by deleting
// those without live bytes; nothing is reclaimed while a reader has it open.
//
// Every MiB of a stored block has a CRC-64/NVME, checked when it is first read and by [Store.Check].
package diskstore
