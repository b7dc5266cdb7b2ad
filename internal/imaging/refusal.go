package imaging

import "fmt"

// Reason is why a file was refused. Its values are part of the API and do not change.
type Reason string

const (
	NotAnImage        Reason = "not-an-image"       // text, a document, an archive, a program, a video, nothing known
	UnsupportedFormat Reason = "unsupported-format" // an image, but of a format or variety that is not taken
	Truncated         Reason = "truncated"          // the file ends too early
	Damaged           Reason = "damaged"            // the file is malformed or does not decode
	TooLarge          Reason = "too-large"          // more bytes than allowed
	TooManyPixels     Reason = "too-many-pixels"    // wider, higher or with more pixels than allowed
	TooManyFrames     Reason = "too-many-frames"    // an animation longer than allowed
	TooMuchMetadata   Reason = "too-much-metadata"  // more bytes besides the picture than allowed
	TooSlow           Reason = "too-slow"           // decoding took longer than allowed
)

// Reasons lists every Reason there is.
func Reasons() []Reason {
	return []Reason{
		NotAnImage, UnsupportedFormat, Truncated, Damaged, TooLarge, TooManyPixels, TooManyFrames, TooMuchMetadata, TooSlow,
	}
}

// Refusal is the error for a file that cannot be published: the fault is the file's.
type Refusal struct {
	Reason  Reason
	Message string // a sentence for the one who sent the file
	cause   error  // for the log; may be nil
}

func (r *Refusal) Error() string {
	if r.cause == nil {
		return fmt.Sprintf("%s: %s", r.Reason, r.Message)
	}
	return fmt.Sprintf("%s: %s (%v)", r.Reason, r.Message, r.cause)
}

// Unwrap returns the error behind the refusal, if there is one.
func (r *Refusal) Unwrap() error { return r.cause }

func refuse(reason Reason, cause error, format string, args ...any) error {
	return &Refusal{Reason: reason, Message: fmt.Sprintf(format, args...), cause: cause}
}
