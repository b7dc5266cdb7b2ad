package webhook

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"

	"github.com/valetkey/valetkey/blobstore"
)

// journal is a file of events, one a line, and for each endpoint how far it has taken them.
//
// It is written without syncing: it survives the end of the process. A crash of the machine can lose the last events,
// as can a kill in the instant between a blob's commit and the journal.
type journal struct {
	dir string

	mu    sync.Mutex
	file  *os.File
	size  int64           // of the file
	state                 // as saved
	names []string        // the endpoints
	news  []chan struct{} // by endpoint: something was appended
}

// state is what is saved next to the file. Offsets are logical: they grow for ever, and the file begins at Base.
type state struct {
	Base int64            `json:"base"`
	Done map[string]int64 `json:"done"` // by endpoint: all before this offset is delivered
}

const (
	journalName = "events.jsonl"
	stateName   = "delivered.json"
	// trimSize is how large, in bytes, the file may grow before it is emptied when everybody has everything.
	trimSize = 1 << 20
)

func openJournal(dir string, endpoints []string) (*journal, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	j := &journal{dir: dir, names: endpoints}
	var err error
	if j.file, err = os.OpenFile(filepath.Join(dir, journalName), os.O_RDWR|os.O_CREATE|os.O_APPEND, 0o600); err != nil {
		return nil, err
	}
	if err := j.load(); err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	for range endpoints {
		j.news = append(j.news, make(chan struct{}, 1))
	}
	return j, nil
}

// load cuts off a line that a killed process left half written and reads who has what. An endpoint that is new gets only
// what happens from now on.
func (j *journal) load() error {
	size, err := wholeLines(j.file)
	if err != nil {
		return err
	}
	if err := j.file.Truncate(size); err != nil {
		return err
	}
	j.size = size
	text, err := os.ReadFile(filepath.Join(j.dir, stateName))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var saved state
	if err == nil && json.Unmarshal(text, &saved) != nil {
		return fmt.Errorf("webhook: %s is damaged; without it, all that is in the journal is taken as delivered", filepath.Join(j.dir, stateName))
	}
	j.state = state{Base: saved.Base, Done: map[string]int64{}}
	for _, name := range j.names {
		at, known := saved.Done[name]
		if !known || at > j.end() {
			at = j.end()
		}
		j.Done[name] = max(at, j.Base)
	}
	return j.saveLocked()
}

// end is the offset of the next event.
func (j *journal) end() int64 { return j.Base + j.size }

// wholeLines is the length of the file up to its last line feed.
func wholeLines(f *os.File) (int64, error) {
	reader := bufio.NewReader(io.NewSectionReader(f, 0, 1<<62))
	var size int64
	for {
		line, err := reader.ReadBytes('\n')
		if err == io.EOF {
			return size, nil
		}
		if err != nil {
			return 0, err
		}
		size += int64(len(line))
	}
}

// append adds an event and wakes the deliveries.
func (j *journal) append(e blobstore.Event) error {
	line, err := json.Marshal(e)
	if err != nil {
		return err
	}
	j.mu.Lock()
	defer j.mu.Unlock()
	n, err := j.file.Write(append(line, '\n'))
	if err != nil {
		if n > 0 {
			err = errors.Join(err, j.file.Truncate(j.size)) // half a line would spoil the next one
		}
		return err
	}
	j.size += int64(n)
	for _, c := range j.news {
		select {
		case c <- struct{}{}:
		default:
		}
	}
	return nil
}

// read returns the event at an offset and where the next one begins; ok is false at the end.
func (j *journal) read(at int64) (e blobstore.Event, next int64, ok bool, err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if at >= j.end() {
		return e, at, false, nil
	}
	line, err := bufio.NewReaderSize(io.NewSectionReader(j.file, at-j.Base, j.end()-at), 2048).ReadBytes('\n')
	if err != nil {
		return e, at, false, err
	}
	return e, at + int64(len(line)), true, json.Unmarshal(line, &e)
}

// delivered notes that an endpoint has everything before an offset. When all have all of a large file, it is emptied.
func (j *journal) delivered(endpoint string, to int64) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.Done[endpoint] = to
	empty := j.size >= trimSize
	for _, at := range j.Done {
		empty = empty && at == j.end()
	}
	if empty {
		// Should the process end in between, the old events are delivered again; the other order would lose new ones.
		j.Base = j.end()
	}
	err := j.saveLocked()
	if !empty {
		return err
	}
	j.size = 0
	return errors.Join(err, j.file.Truncate(0))
}

func (j *journal) saveLocked() error {
	text, err := json.Marshal(j.state)
	if err != nil {
		return err
	}
	path := filepath.Join(j.dir, stateName)
	if err := os.WriteFile(path+".new", text, 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

// start is where an endpoint goes on.
func (j *journal) start(endpoint string) int64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.Done[endpoint]
}

func (j *journal) close() error { return j.file.Close() }
