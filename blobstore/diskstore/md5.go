package diskstore

import (
	"sync"

	md5simd "github.com/minio/md5-simd"
)

const (
	// hashInLineBelow is the size in bytes under which handing a body to the hash server costs more than it saves.
	hashInLineBelow = 32 << 10
	// idleHashers is how many hashers are kept for the next uploads.
	idleHashers = 64
)

// md5Pool computes the MD5 of many bodies side by side in the lanes of the vector unit, in a goroutine of its own, so
// that hashing overlaps reading and writing.
type md5Pool struct {
	server md5simd.Server
	mu     sync.Mutex
	idle   []md5simd.Hasher
}

func newMD5Pool() *md5Pool { return &md5Pool{server: md5simd.NewServer()} }

func (p *md5Pool) get() md5simd.Hasher {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n := len(p.idle); n > 0 {
		h := p.idle[n-1]
		p.idle = p.idle[:n-1]
		return h
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
	p.server.Close()
}
