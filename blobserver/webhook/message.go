package webhook

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/valetkey/valetkey/blobstore"
)

// blobData is the data of both schemas.
type blobData struct {
	API           string   `json:"api"`
	RequestID     string   `json:"requestId"`
	ETag          string   `json:"eTag,omitempty"`
	ContentType   string   `json:"contentType"`
	ContentLength int64    `json:"contentLength"`
	BlobType      string   `json:"blobType"`
	URL           string   `json:"url"`
	Sequencer     string   `json:"sequencer"`
	Diagnostics   struct{} `json:"storageDiagnostics"`
}

type gridEvent struct {
	Topic           string `json:"topic"`
	Subject         string `json:"subject"`
	EventType       string `json:"eventType"`
	ID              string `json:"id"`
	Data            any    `json:"data"`
	DataVersion     string `json:"dataVersion"`
	MetadataVersion string `json:"metadataVersion"`
	EventTime       string `json:"eventTime"`
}

type cloudEvent struct {
	SpecVersion     string   `json:"specversion"`
	Source          string   `json:"source"`
	Subject         string   `json:"subject"`
	Type            string   `json:"type"`
	ID              string   `json:"id"`
	Time            string   `json:"time"`
	DataContentType string   `json:"datacontenttype"`
	Data            blobData `json:"data"`
}

// encode writes an event for an endpoint and gives the content type to send it with. endpoint is the URL of the Blob
// service without the account.
func encode(e blobstore.Event, schema Schema, endpoint string) (body []byte, contentType string, err error) {
	data := blobData{
		API: e.API, RequestID: eventID(e, "request"), ContentType: e.ContentType, ContentLength: e.Size, BlobType: "BlockBlob",
		URL: blobURL(endpoint, e.Name), Sequencer: fmt.Sprintf("%032X", e.Sequencer),
	}
	if e.Type == blobstore.BlobCreated {
		data.ETag = string(e.ETag)
	}
	source := topic(e.Name.Account)
	subject := "/blobServices/default/containers/" + e.Name.Container + "/blobs/" + e.Name.Blob
	kind, at := "Microsoft.Storage."+string(e.Type), e.Time.UTC().Format("2006-01-02T15:04:05.0000000Z")
	if schema == CloudEvents {
		body, err = json.Marshal(cloudEvent{SpecVersion: "1.0", Source: source, Subject: subject, Type: kind, ID: eventID(e, "event"),
			Time: at, DataContentType: "application/json", Data: data})
		return body, "application/cloudevents+json; charset=utf-8", err
	}
	body, err = json.Marshal([]gridEvent{{Topic: source, Subject: subject, EventType: kind, ID: eventID(e, "event"), Data: data,
		MetadataVersion: "1", EventTime: at}})
	return body, "application/json; charset=utf-8", err
}

// topic names an account as Azure Resource Manager would, without a subscription.
func topic(account string) string { return "/providers/Microsoft.Storage/storageAccounts/" + account }

func blobURL(endpoint string, name blobstore.BlobName) string {
	parts := strings.Split(name.Blob, "/")
	for i, part := range parts {
		parts[i] = url.PathEscape(part)
	}
	return strings.TrimSuffix(endpoint, "/") + "/" + name.Account + "/" + name.Container + "/" + strings.Join(parts, "/")
}

// eventID is the same each time an event is delivered, so that an endpoint can tell one that it has seen.
func eventID(e blobstore.Event, salt string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\n%d\n%d\n%q\n%q\n%q\n%s", salt, e.Sequencer, e.Time.UnixNano(), e.Name.Account, e.Name.Container, e.Name.Blob, e.Type))
	s := hex.EncodeToString(sum[:16])
	return s[:8] + "-" + s[8:12] + "-" + s[12:16] + "-" + s[16:20] + "-" + s[20:]
}

// validation is the event that asks an endpoint whether it wants to be told (Event Grid schema).
func validation(code string, now time.Time) ([]byte, error) {
	return json.Marshal([]gridEvent{{
		Topic: topic("valetkey"), ID: code, EventType: "Microsoft.EventGrid.SubscriptionValidationEvent", DataVersion: "2", MetadataVersion: "1",
		EventTime: now.UTC().Format("2006-01-02T15:04:05.0000000Z"), Data: map[string]string{"validationCode": code},
	}})
}
