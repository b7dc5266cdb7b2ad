package photo

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"time"

	"github.com/valetkey/valetkey/internal/imaging"
)

// Details is what a photo's file says about how it was made. It is for the owner alone: nothing published holds it.
type Details struct {
	TakenAt time.Time `json:"takenAt,omitzero"` // by the camera's clock
	Camera  string    `json:"camera,omitempty"` // maker and model
	Place   *Place    `json:"place,omitempty"`  // only where the owner asked for it to be kept
}

// Place is a position in degrees (WGS 84), north and east positive.
type Place struct {
	Latitude  float64 `json:"latitude"`
	Longitude float64 `json:"longitude"`
}

// IsZero tells whether there is nothing to say.
func (d Details) IsZero() bool { return d == Details{} }

const maxCamera = 100 // characters

func detailsOf(from imaging.Details, keepPlace bool) Details {
	d := Details{TakenAt: from.Taken, Camera: CleanTitle(from.Camera)}
	if camera := []rune(d.Camera); len(camera) > maxCamera {
		d.Camera = string(camera[:maxCamera])
	}
	if keepPlace && from.Place != nil {
		d.Place = &Place{Latitude: from.Place.Latitude, Longitude: from.Place.Longitude}
	}
	return d
}

// text is base64 of JSON, because metadata holds ASCII only.
func (d Details) text() string {
	if d.IsZero() {
		return ""
	}
	text, err := json.Marshal(d)
	if err != nil { // a time out of range: such details are of no use
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(text)
}

func parseDetails(s string) (d Details, err error) {
	if s == "" {
		return d, nil
	}
	text, err := base64.RawURLEncoding.DecodeString(s)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		return Details{}, fmt.Errorf("index entry: details: %w", err)
	}
	return d, nil
}
