package diskstore

import (
	"crypto/md5"
	"hash"
	"sync"
	"sync/atomic"

	md5simd "github.com/minio/md5-simd"
)

const (
	// hashInLineBelow is the size in bytes under which handing a body to the hash server costs more than it saves, and
	// hashAloneBelow the one under which it does unless many uploads fill the lanes.
	hashInLineBelow = 32 << 10
	hashAloneBelow  = 256 << 10
	// manyUploads is how many fill the lanes.
	manyUploads = 16
	// idleHashers is how many hashers are kept for the next uploads.
	idleHashers = 64
)

// md5Pool computes the MD5 of many bodies side by side in the lanes of the vector unit, in a goroutine of its own, so
// that hashing overlaps reading and writing.
type md5Pool struct {
	active atomic.Int64 // bodies that are being hashed
	mu     sync.Mutex
	server md5simd.Server // nil until it is needed: its buffers would be a third of what starting takes
	idle   []md5simd.Hasher
}

// digest returns a hash for a body of size bytes, and what to call when it is no longer used.
func (p *md5Pool) digest(size int64) (h hash.Hash, done func()) {
	active := p.active.Add(1)
	if size < hashInLineBelow || size < hashAloneBelow && active < manyUploads {
		return md5.New(), func() { p.active.Add(-1) }
	}
	lane := p.get()
	return lane, func() {
		p.put(lane)
		p.active.Add(-1)
	}
}

func (p *md5Pool) get() md5simd.Hasher {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		h := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return h
	}
	if p.server == nil {
		p.server = md5simd.NewServer()
	}
	return p.server.NewHash()
}

func (p *md5Pool) put(h md5simd.Hasher) {
	h.Reset()
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.idle) < idleHashers {
		p.idle = append(p.idle, h)
		return
	}
	h.Close()
}

// close ends the goroutine; every hasher must have been put back.
func (p *md5Pool) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, h := range p.idle {
		h.Close()
	}
	p.idle = nil
	if p.server != nil {
		p.server.Close()
	}
}
