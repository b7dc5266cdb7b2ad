package api

import (
	"bytes"
	"net/http"
	"strconv"
	"time"

	"github.com/valetkey/valetkey/internal/jsontext"
	"github.com/valetkey/valetkey/internal/photo"
)

type uploadAnswer struct {
	ID        photo.ID      `json:"id"`
	URL       string        `json:"url"`
	BlockSize int64         `json:"blockSize"`
	ExpiresAt time.Time     `json:"expiresAt"`
	Blocks    []blockAnswer `json:"blocks,omitempty"`
}

// arrivedAnswer is all that is left to say of an upload whose bytes are all there.
type arrivedAnswer struct {
	ID      photo.ID `json:"id"`
	Arrived bool     `json:"arrived"`
}

type blockAnswer struct {
	ID   string `json:"id"`
	Size int64  `json:"size"`
}

func uploadOf(u photo.Upload) uploadAnswer {
	answer := uploadAnswer{ID: u.ID, URL: u.URL, BlockSize: u.BlockSize, ExpiresAt: u.ExpiresAt.UTC()}
	for _, b := range u.Blocks {
		answer.Blocks = append(answer.Blocks, blockAnswer{ID: b.ID, Size: b.Size})
	}
	return answer
}

// appendTo writes the answer to a new upload, which has no blocks, as encoding/json would.
func (a *uploadAnswer) appendTo(text []byte) []byte {
	text = jsontext.AppendString(append(text, `{"id":`...), string(a.ID))
	text = jsontext.AppendString(append(text, `,"url":`...), a.URL)
	text = strconv.AppendInt(append(text, `,"blockSize":`...), a.BlockSize, 10)
	text = a.ExpiresAt.AppendFormat(append(text, `,"expiresAt":"`...), time.RFC3339Nano)
	return append(text, "\"}\n"...)
}

// beginBody is what the browser says of a file. Its name counts only when the upload is completed.
type beginBody struct {
	Name string `json:"name"`
	Type string `json:"type"`
	Size int64  `json:"size"`
}

func (b *beginBody) readOrdinary(text []byte) bool {
	var read beginBody // so that what turns out not to be ordinary leaves nothing behind
	ok := jsontext.Fields(text, func(name, value []byte) bool {
		switch string(name) {
		case "name":
		case "type":
			read.Type = string(value)
		default:
			return false
		}
		return true
	}, func(name []byte, value int64) bool {
		read.Size = value
		return string(name) == "size"
	})
	if ok {
		*b = read
	}
	return ok
}

func (h *Handler) beginUpload(w http.ResponseWriter, r *http.Request, now time.Time) error {
	var body beginBody
	if err := readJSON(w, r, h.options.MaxBody, &body); err != nil {
		return err
	}
	if body.Size <= 0 {
		return badRequest("size", `"size" must be the file's length in bytes, more than 0.`)
	}
	known := h.guests.Caller(r)
	if err := h.limit(r, known.Owner, now); err != nil { // before a new guest is named: names are not free
		return err
	}
	caller, err := h.guests.Admit(w, known)
	if err != nil {
		return err
	}
	upload, err := h.photos.Begin(r.Context(), caller.Owner, body.Type, body.Size)
	if err != nil {
		return err
	}
	text := bodies.Get().(*bytes.Buffer)
	defer bodies.Put(text)
	text.Reset()
	answer := uploadOf(upload)
	text.Write(answer.appendTo(text.AvailableBuffer()))
	writeJSONText(w, http.StatusCreated, text.Bytes())
	return nil
}

func (h *Handler) resumeUpload(w http.ResponseWriter, r *http.Request, now time.Time) error {
	owner, id, err := h.theirs(r)
	if err != nil {
		return err
	}
	if err := h.limit(r, owner, now); err != nil {
		return err
	}
	upload, err := h.photos.Resume(r.Context(), owner, id)
	if err != nil {
		return err
	}
	if upload.Arrived {
		return writeJSON(w, http.StatusOK, arrivedAnswer{upload.ID, true})
	}
	return writeJSON(w, http.StatusOK, uploadOf(upload))
}

func (h *Handler) completeUpload(w http.ResponseWriter, r *http.Request, _ time.Time) error {
	var body struct {
		Name      string `json:"name"`
		Size      int64  `json:"size"`
		KeepPlace bool   `json:"keepPlace"`
	}
	if err := readJSON(w, r, h.options.MaxBody, &body); err != nil {
		return err
	}
	if body.Size <= 0 {
		return badRequest("size", `"size" must be the file's length in bytes, more than 0.`)
	}
	owner, id, err := h.theirs(r)
	if err != nil {
		return err
	}
	p, err := h.photos.Complete(r.Context(), owner, id, photo.About{Filename: body.Name, KeepPlace: body.KeepPlace}, body.Size)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, photoOf(p, true))
}

func (h *Handler) abortUpload(w http.ResponseWriter, r *http.Request, _ time.Time) error {
	owner, id, err := h.theirs(r)
	if err != nil {
		return err
	}
	if err := h.photos.Abort(r.Context(), owner, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// theirs names the photo or upload that a request is about. It is looked for under the caller's own name and nowhere
// else, so that what is somebody else's is not found.
func (h *Handler) theirs(r *http.Request) (owner string, id photo.ID, err error) {
	id, err = photo.ParseID(r.PathValue("id"))
	caller := h.guests.Caller(r)
	if err != nil || !caller.Known() {
		return "", "", photo.ErrNotFound
	}
	return caller.Owner, id, nil
}
