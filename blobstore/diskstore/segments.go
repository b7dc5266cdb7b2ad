package diskstore

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// extentAlign is what every extent begins at a multiple of, so that holes can be punched exactly around it.
const extentAlign = 4096

func align(n int64) int64 { return (n + extentAlign - 1) &^ (extentAlign - 1) }

// segment is a file that is written to: its end is where the next reservation begins.
type segment struct {
	id   uint32
	file *os.File
	syncer

	// Guarded by segments.mu.
	end      int64
	inFlight int  // reservations that are neither named by a committed transaction nor given up
	full     bool // takes no more reservations
}

// segments is the folder of segment files. Several are written side by side (lanes): the kernel lets one writer at a
// time into a file.
type segments struct {
	dir    string
	limit  int64 // bytes after which a segment is full
	noSync bool

	mu     sync.Mutex
	nextID uint32
	lanes  []*segment          // nil where the next reservation opens a file
	open   map[uint32]*segment // all that are in a lane or have reservations
	closed bool
}

func openSegments(dir string, limit int64, lanes int, noSync bool) (*segments, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	s := &segments{dir: dir, limit: limit, noSync: noSync, nextID: 1, lanes: make([]*segment, lanes), open: map[uint32]*segment{}}
	sizes, err := s.list()
	if err != nil {
		return nil, err
	}
	for id := range sizes {
		s.nextID = max(s.nextID, id+1)
	}
	// What was half full when the store was closed is filled further.
	lane := 0
	for id, size := range sizes {
		if size >= limit/2 || lane == len(s.lanes) {
			continue
		}
		f, err := os.OpenFile(s.path(id), os.O_RDWR, 0)
		if err != nil {
			return nil, errors.Join(err, s.close())
		}
		s.lanes[lane] = s.newSegment(id, f, align(size))
		lane++
	}
	return s, nil
}

func segmentName(id uint32) string { return fmt.Sprintf("%08d.seg", id) }

func (s *segments) path(id uint32) string { return filepath.Join(s.dir, segmentName(id)) }

// list returns the sizes of all segment files.
func (s *segments) list() (map[uint32]int64, error) {
	entries, err := os.ReadDir(s.dir)
	if err != nil {
		return nil, err
	}
	sizes := map[uint32]int64{}
	for _, e := range entries {
		digits, ok := strings.CutSuffix(e.Name(), ".seg")
		id, err := strconv.ParseUint(digits, 10, 32)
		if !ok || err != nil || id == 0 {
			continue
		}
		info, err := e.Info()
		if errors.Is(err, os.ErrNotExist) {
			continue // deleted since
		}
		if err != nil {
			return nil, err
		}
		sizes[uint32(id)] = info.Size()
	}
	return sizes, nil
}

// newSegment registers an open file; the caller holds s.mu or is alone.
func (s *segments) newSegment(id uint32, f *os.File, end int64) *segment {
	seg := &segment{id: id, file: f, end: end}
	seg.sync = func() error {
		if s.noSync {
			return nil
		}
		return syncData(f)
	}
	s.open[id] = seg
	return seg
}

// create makes a new segment file and the folder's entry for it durable.
func (s *segments) create() (*segment, error) {
	f, err := os.OpenFile(s.path(s.nextID), os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	if !s.noSync {
		if err := syncDir(s.dir); err != nil {
			return nil, errors.Join(err, f.Close(), os.Remove(f.Name()))
		}
	}
	seg := s.newSegment(s.nextID, f, 0)
	s.nextID++
	return seg, nil
}

// reservation is a range of a segment that one writer fills.
type reservation struct {
	place
	length int64
	seg    *segment
	all    *segments
}

// reserve finds room for an extent: in the lane with the fewest writers, or in a segment of its own when it is larger
// than a segment.
func (s *segments) reserve(length int64) (*reservation, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, os.ErrClosed
	}
	best := 0
	for i, seg := range s.lanes {
		if seg == nil || seg.inFlight < s.lanes[best].inFlight {
			best = i
		}
		if seg == nil || seg.inFlight == 0 {
			break
		}
	}
	seg := s.lanes[best]
	switch {
	case length >= s.limit:
		var err error
		if seg, err = s.create(); err != nil {
			return nil, err
		}
		seg.full = true
	case seg == nil || seg.full || seg.end+length > s.limit:
		if seg != nil {
			seg.full = true
			s.lanes[best] = nil
			s.closeIfDone(seg)
		}
		var err error
		if seg, err = s.create(); err != nil {
			return nil, err
		}
		s.lanes[best] = seg
	}
	r := &reservation{place{seg.id, seg.end}, length, seg, s}
	seg.end += align(length)
	seg.inFlight++
	return r, nil
}

func (r *reservation) writeAt(b []byte, offset int64) error {
	_, err := r.seg.file.WriteAt(b, r.offset+offset)
	return err
}

// sync makes the reservation's bytes durable. After a failure the segment is given up: the kernel reports a lost page
// only once, so that a later success would prove nothing.
func (r *reservation) sync() error {
	err := r.seg.wait()
	if err != nil {
		r.all.mu.Lock()
		r.seg.full = true
		r.all.mu.Unlock()
	}
	return err
}

// done ends the reservation; its bytes are named by a committed transaction now.
func (r *reservation) done() {
	r.all.mu.Lock()
	defer r.all.mu.Unlock()
	r.seg.inFlight--
	r.all.closeIfDone(r.seg)
}

// discard ends the reservation and gives its bytes back.
func (r *reservation) discard() error {
	err := punchHole(r.seg.file, r.offset, align(r.length))
	r.done()
	return err
}

// closeIfDone closes a full segment without writers; the caller holds s.mu.
func (s *segments) closeIfDone(seg *segment) {
	if !seg.full || seg.inFlight > 0 || s.open[seg.id] != seg {
		return
	}
	for i, lane := range s.lanes {
		if lane == seg {
			s.lanes[i] = nil
		}
	}
	delete(s.open, seg.id)
	// All that was written was synced, so that close has nothing left to report.
	_ = seg.file.Close()
}

// isOpen reports whether the segment may still get new extents.
func (s *segments) isOpen(id uint32) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.open[id] != nil
}

// ends returns where the next extent of each open segment will begin.
func (s *segments) ends() map[uint32]int64 {
	s.mu.Lock()
	defer s.mu.Unlock()
	ends := make(map[uint32]int64, len(s.open))
	for id, seg := range s.open {
		ends[id] = seg.end
	}
	return ends
}

// hole is a range of a segment that nothing names any more.
type hole struct {
	place
	length int64
}

// punch gives ranges of one segment back.
func (s *segments) punch(id uint32, holes []hole) error {
	f, err := os.OpenFile(s.path(id), os.O_WRONLY, 0)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var errs []error
	for _, h := range holes {
		errs = append(errs, punchHole(f, h.offset, align(h.length)))
	}
	return errors.Join(append(errs, f.Close())...)
}

func (s *segments) remove(id uint32) error {
	if err := os.Remove(s.path(id)); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

func (s *segments) close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	var errs []error
	for id, seg := range s.open {
		errs = append(errs, seg.file.Close())
		delete(s.open, id)
	}
	return errors.Join(errs...)
}

// syncDir makes a folder's entries durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
