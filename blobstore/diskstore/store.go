package diskstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"github.com/valetkey/valetkey/blobstore"
)

// Options change how a store works; nil means all defaults.
type Options struct {
	// Now is the clock of everything that clients can see; nil means time.Now.
	Now func() time.Time
	// NoSync acknowledges writes before they are durable. They survive the end of the process but not of the machine,
	// which may leave the folder unreadable. For throw-away data.
	NoSync bool
	// Events is called after every committed BlobCreated and BlobDeleted, in the order of their sequencers, from one
	// goroutine, which commits nothing before it returns: it must only take note. nil means nobody listens.
	Events func(blobstore.Event)
	// KeepEvents writes every event down in the transaction of the change it tells of, for [Store.EventsAfter], until
	// [Store.ForgetEvents]: none is lost whenever the process ends.
	KeepEvents bool
	// Logger gets what goes wrong in the background; nil means slog.Default().
	Logger *slog.Logger
	// SegmentSize is the length in bytes after which a segment file is full; 0 means 256 MiB. A larger blob or block
	// has a segment of its own.
	SegmentSize int64
	// ExpiryInterval is how often expired blocks and soft-deleted blobs are looked for; 0 means an hour.
	ExpiryInterval time.Duration
}

// DefaultSegmentSize is the length of a segment file in bytes.
const DefaultSegmentSize = 256 << 20

// formatVersion is the version of the folder's layout that this package reads and writes.
const formatVersion = "valetkey blob store 1"

// LockedError says that another process has the folder open.
type LockedError struct{ Dir string }

func (e *LockedError) Error() string {
	return fmt.Sprintf("diskstore: %s is in use by another process", e.Dir)
}

// FormatError says that the folder was written by another version, or is no blob store at all.
type FormatError struct{ Dir, Found string }

func (e *FormatError) Error() string {
	return fmt.Sprintf("diskstore: %s has format %q, this program reads %q", e.Dir, e.Found, formatVersion)
}

// Store is a blob store in a folder. Use Open to make one.
type Store struct {
	dir        string
	temporary  bool // the folder goes with the store
	db         *bolt.DB
	segments   *segments
	files      readFiles
	md5        md5Pool
	commits    *committer
	reclaim    *reclaimer
	ballast    ballast
	verified   verifiedChunks
	properties propertiesCache
	work       atomic.Int64 // units since worked last looked
	maxMapped  int64
	now        func() time.Time
	events     func(blobstore.Event)
	keep       bool // events
	log        *slog.Logger
	lastTick   uint64 // used by the commit loop only
	failed     error  // likewise: why no change is taken any more
	metaFile   *os.File

	// How far segments may hold bytes from before this Open that nothing names: those that are written to now up to
	// the limit, the others wholly, those from firstNew on not at all.
	orphanLimit map[uint32]int64
	firstNew    uint32

	users  sync.RWMutex // read-locked by every operation, locked to close
	closed bool
}

var _ blobstore.Store = (*Store)(nil)

// Open opens the store in the folder, which is created when missing. It returns *LockedError when another process has
// it open and *FormatError when it is not a folder that this version can read. What a killed process left behind is
// reclaimed in the background.
func Open(dir string, o *Options) (*Store, error) {
	if o == nil {
		o = &Options{}
	}
	s := &Store{dir: dir, now: o.Now, events: o.Events, keep: o.KeepEvents, log: o.Logger, commits: newCommitter(), maxMapped: defaultMaxMapped}
	if s.now == nil {
		s.now = time.Now
	}
	if s.events == nil {
		s.events = func(blobstore.Event) {}
	}
	if s.log == nil {
		s.log = slog.Default()
	}
	size, interval := o.SegmentSize, o.ExpiryInterval
	if size == 0 {
		size = DefaultSegmentSize
	}
	if interval == 0 {
		interval = time.Hour
	}
	if size < 0 || interval < 0 {
		return nil, errors.New("diskstore: negative SegmentSize or ExpiryInterval")
	}
	if err := s.openFolder(o.NoSync); err != nil {
		return nil, err
	}
	var err error
	if s.segments, err = openSegments(filepath.Join(dir, "segments"), size, writeLanes(), o.NoSync); err != nil {
		return nil, errors.Join(err, s.db.Close())
	}
	s.files.segments = s.segments
	s.orphanLimit, s.firstNew = s.segments.ends(), s.segments.nextID
	s.ballast.path = filepath.Join(dir, "reserve")
	s.reclaim = newReclaimer()
	go s.commitLoop()
	go s.reclaimLoop(interval)
	return s, nil
}

// writeLanes is how many segments are written side by side.
func writeLanes() int { return min(2*runtime.GOMAXPROCS(0), 8) }

// OpenTemp opens an empty store in a temporary folder that Close removes. Nothing is synced.
func OpenTemp(o *Options) (*Store, error) {
	dir, err := os.MkdirTemp("", "valetkey-blobs-")
	if err != nil {
		return nil, err
	}
	throwAway := Options{}
	if o != nil {
		throwAway = *o
	}
	throwAway.NoSync = true
	s, err := Open(dir, &throwAway)
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(dir))
	}
	s.temporary = true
	return s, nil
}

// openFolder checks the format, takes the lock and opens the metadata.
func (s *Store) openFolder(noSync bool) (err error) {
	if err := os.MkdirAll(s.dir, 0o700); err != nil {
		return err
	}
	format := filepath.Join(s.dir, "FORMAT")
	found, err := os.ReadFile(format)
	if err == nil && strings.TrimSpace(string(found)) != formatVersion {
		return &FormatError{s.dir, strings.TrimSpace(string(found))}
	}
	isNew := errors.Is(err, os.ErrNotExist)
	if err != nil && !isNew {
		return err
	}
	if isNew {
		if err := checkFresh(s.dir); err != nil {
			return err
		}
	}
	s.db, err = bolt.Open(filepath.Join(s.dir, "meta.db"), 0o600, &bolt.Options{
		Timeout:      time.Millisecond, // one attempt at the lock
		FreelistType: bolt.FreelistMapType,
		NoSync:       noSync,
		NoGrowSync:   noSync,
		NoStatistics: true,
		OpenFile: func(path string, flag int, mode os.FileMode) (f *os.File, err error) {
			s.metaFile, err = os.OpenFile(path, flag, mode) // kept so that tests can make writing to it fail
			return s.metaFile, err
		},
		// Address space, not memory: while the file fits in, growing it waits for no reader.
		InitialMmapSize: min(16<<30, math.MaxInt/8),
	})
	if errors.Is(err, bolterrors.ErrTimeout) {
		return &LockedError{s.dir}
	}
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.db.Close())
		}
	}()
	if err := s.openBuckets(); err != nil {
		return err
	}
	if !isNew {
		return nil
	}
	// Last, so that a folder with a FORMAT is a whole one.
	return writeDurably(format, formatVersion+"\n")
}

// checkFresh refuses to begin a store in a folder that holds something else.
func checkFresh(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, e := range entries {
		if name := e.Name(); name != "meta.db" && name != "segments" && name != "reserve" && name != "FORMAT.new" {
			return &FormatError{dir, "no blob store, contains " + name}
		}
	}
	return nil
}

func (s *Store) openBuckets() error {
	missing := false
	err := s.db.View(func(tx *bolt.Tx) error {
		for _, name := range allBuckets {
			missing = missing || tx.Bucket(name) == nil
		}
		if !missing {
			if b := tx.Bucket(bucketMeta).Get(keyTick); len(b) == 8 {
				s.lastTick = binary.BigEndian.Uint64(b)
			}
		}
		return nil
	})
	if err != nil || !missing {
		return err
	}
	return s.db.Update(func(tx *bolt.Tx) error {
		for _, name := range allBuckets {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
}

func writeDurably(path, text string) error {
	f, err := os.Create(path + ".new")
	if err != nil {
		return err
	}
	_, err = f.WriteString(text)
	if err := errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Rename(path+".new", path); err != nil {
		return err
	}
	return errors.Join(syncDir(filepath.Dir(path)), syncDir(filepath.Dir(filepath.Dir(path))))
}

// begin starts an operation: the store stays open until the returned function is called.
func (s *Store) begin(ctx context.Context) (end func(), err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.users.RLock()
	if s.closed {
		s.users.RUnlock()
		return nil, blobstore.ErrClosed
	}
	return s.users.RUnlock, nil
}

// Close waits for running operations and closes the store. Readers must be closed before; what they read afterwards is
// an error. A second Close does nothing.
func (s *Store) Close() error {
	s.users.Lock()
	defer s.users.Unlock()
	if s.closed {
		return nil
	}
	s.closed = true
	s.reclaim.close()
	s.commits.close()
	s.md5.close()
	err := errors.Join(s.files.close(), s.segments.close(), s.db.Close())
	if s.temporary {
		err = errors.Join(err, os.RemoveAll(s.dir))
	}
	return err
}
