package api

import (
	"encoding/base64"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/valetkey/valetkey/internal/photo"
)

const defaultPage = 50

type photoAnswer struct {
	ID        photo.ID        `json:"id"`
	Title     string          `json:"title"`
	Width     int             `json:"width"`
	Height    int             `json:"height"`
	Thumbhash string          `json:"thumbhash"`
	Color     string          `json:"color,omitempty"`
	CreatedAt time.Time       `json:"createdAt"`
	Bytes     int64           `json:"bytes"`
	Variants  []variantAnswer `json:"variants"`
	Original  originalAnswer  `json:"original"`
	Details   *photo.Details  `json:"details,omitempty"`
}

type variantAnswer struct {
	Width  int    `json:"width"`
	Height int    `json:"height"`
	Type   string `json:"type"`
	URL    string `json:"url"`
}

type originalAnswer struct {
	Type  string `json:"type"`
	Bytes int64  `json:"bytes"`
	URL   string `json:"url"`
}

// photoOf is a photo as its owner sees it, or as everybody else does.
func photoOf(p photo.Photo, owner bool) photoAnswer {
	answer := photoAnswer{
		ID: p.ID, Title: p.Title, Width: p.Width, Height: p.Height, CreatedAt: p.CreatedAt, Color: p.Color, Bytes: p.Original.Bytes,
		Thumbhash: base64.StdEncoding.EncodeToString(p.Thumbhash),
		Variants:  make([]variantAnswer, len(p.Variants)),
		Original:  originalAnswer{Type: p.Original.Type, Bytes: p.Original.Bytes, URL: p.Original.URL},
	}
	if owner && !p.Details.IsZero() {
		answer.Details = &p.Details
	}
	for i, v := range p.Variants {
		answer.Variants[i] = variantAnswer{Width: v.Width, Height: v.Height, Type: v.Type, URL: v.URL}
	}
	return answer
}

func (h *Handler) listPhotos(w http.ResponseWriter, r *http.Request, _ time.Time) error {
	query := r.URL.Query()
	limit := defaultPage
	if text := query.Get("limit"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 || n > photo.MaxPage {
			return badRequest("limit", fmt.Sprintf(`"limit" must be a number from 1 to %d.`, photo.MaxPage))
		}
		limit = n
	}
	// Storage's marker is opaque and may hold any character, so it travels in base64.
	cursor, err := base64.RawURLEncoding.DecodeString(query.Get("cursor"))
	if err != nil || len(cursor) > 2048 {
		return badRequest("cursor", wrongCursor)
	}
	owner := h.guests.Caller(r).Owner
	switch whose := query.Get("owner"); {
	case whose == "":
	case whose == photo.PublicOwner && !h.options.CredentialsOff:
		owner = photo.PublicOwner
	default:
		return photo.ErrNotFound
	}
	page := photo.Page{}
	if owner != "" { // who was never seen has no photos
		if page, err = h.photos.List(r.Context(), owner, limit, string(cursor)); err != nil {
			return err
		}
	}
	answer := struct {
		Photos []photoAnswer `json:"photos"`
		Cursor string        `json:"cursor,omitempty"`
	}{Photos: make([]photoAnswer, len(page.Photos)), Cursor: base64.RawURLEncoding.EncodeToString([]byte(page.Cursor))}
	for i, p := range page.Photos {
		answer.Photos[i] = photoOf(p, owner != photo.PublicOwner)
	}
	return writeJSON(w, http.StatusOK, answer)
}

func (h *Handler) getPhoto(w http.ResponseWriter, r *http.Request, _ time.Time) error {
	owner, id, err := h.theirs(r)
	if err != nil {
		return err
	}
	p, err := h.photos.Get(r.Context(), owner, id)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, photoOf(p, true))
}

func (h *Handler) renamePhoto(w http.ResponseWriter, r *http.Request, _ time.Time) error {
	var body struct {
		Title *string `json:"title"`
	}
	if err := readJSON(w, r, h.options.MaxBody, &body); err != nil {
		return err
	}
	if body.Title == nil {
		return badRequest("title", `"title" is missing.`)
	}
	owner, id, err := h.theirs(r)
	if err != nil {
		return err
	}
	p, err := h.photos.Rename(r.Context(), owner, id, *body.Title)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusOK, photoOf(p, true))
}

func (h *Handler) deletePhoto(w http.ResponseWriter, r *http.Request, _ time.Time) error {
	owner, id, err := h.theirs(r)
	if err != nil {
		return err
	}
	if err := h.photos.Delete(r.Context(), owner, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
