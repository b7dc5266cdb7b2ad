package photo

import (
	"context"
	"path"
	"time"

	"github.com/valetkey/valetkey/internal/azure"
)

// Contents lists what files an owner's photos came of, so that none need be published twice.
func (s *Service) Contents(ctx context.Context, owner string) (map[ContentHash]ID, error) {
	contents := map[ContentHash]ID{}
	for blob, err := range s.index.All(ctx, azure.ListOptions{Prefix: indexPrefix(owner), Metadata: true}) {
		if err != nil {
			return nil, err
		}
		id, err := ParseID(path.Base(blob.Name))
		if err != nil {
			continue // not an entry
		}
		if e, err := parseEntry(blob.Metadata); err == nil {
			contents[e.content] = id
		}
	}
	return contents, nil
}

// Import publishes a file that did not come through a browser, with the same checks. at is when the photo counts as
// created, which is its place in the gallery. The same file at the same time is the same photo again. What is wrong with
// the file is *[imaging.Refusal] or *[TooLarge].
func (s *Service) Import(ctx context.Context, owner, filename string, at time.Time, data []byte) (ID, error) {
	if size := int64(len(data)); size > s.options.MaxUpload {
		return "", &TooLarge{Size: size, Limit: s.options.MaxUpload}
	}
	id := derivedID(at, "import", HashContent(data).String())
	_, err := s.publish(ctx, owner, id, About{Filename: filename}, data, nil)
	return id, err
}

// Check tells what is wrong with a file without publishing it, as [Service.Import] would.
func (s *Service) Check(ctx context.Context, data []byte) error {
	if size := int64(len(data)); size > s.options.MaxUpload {
		return &TooLarge{Size: size, Limit: s.options.MaxUpload}
	}
	_, err := s.pipeline.Process(ctx, data)
	return err
}
