package diskstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"time"

	"github.com/valetkey/valetkey/bloberror"
	"github.com/valetkey/valetkey/blobstore"
)

// containerRecord is a container in bucketContainers, as JSON behind its id.
type containerRecord struct {
	id       uint64
	Tick     uint64
	Modified int64 // Unix seconds
	Metadata map[string]string
	Access   blobstore.PublicAccess
	Policies []blobstore.AccessPolicy
	Lease    blobstore.Lease
}

func (r *containerRecord) change() blobstore.Change {
	return blobstore.Change{ETag: etagOf(r.Tick), LastModified: time.Unix(r.Modified, 0).UTC()}
}

func (r *containerRecord) target() blobstore.Target {
	c := r.change()
	return blobstore.Target{Exists: true, ETag: c.ETag, LastModified: c.LastModified}
}

func (r *containerRecord) properties(name blobstore.ContainerName, now time.Time) blobstore.ContainerProperties {
	return blobstore.ContainerProperties{Name: name, Change: r.change(), Metadata: r.Metadata, Access: r.Access,
		Policies: r.Policies, Lease: r.Lease.Info(now)}
}

// containerID returns the id of a container: ContainerNotFound.
func (v view) containerID(name blobstore.ContainerName) (uint64, error) {
	b := v.get(bucketContainers, containerKey(name))
	if b == nil {
		return 0, bloberror.New(bloberror.ContainerNotFound)
	}
	if len(b) < 8 {
		return 0, errRecord
	}
	return binary.BigEndian.Uint64(b), nil
}

// container returns the record of a container: ContainerNotFound.
func (v view) container(name blobstore.ContainerName) (*containerRecord, error) {
	b := v.get(bucketContainers, containerKey(name))
	if b == nil {
		return nil, bloberror.New(bloberror.ContainerNotFound)
	}
	return decodeContainer(b)
}

func decodeContainer(b []byte) (*containerRecord, error) {
	if len(b) < 8 {
		return nil, errRecord
	}
	r := &containerRecord{id: binary.BigEndian.Uint64(b)}
	return r, json.Unmarshal(b[8:], r)
}

func (t *txn) putContainer(name blobstore.ContainerName, r *containerRecord) {
	b, err := json.Marshal(r)
	t.fail(err)
	t.put(bucketContainers, containerKey(name), append(uint64Key(r.id), b...))
}

// touch marks the container as changed now.
func (t *txn) touch(r *containerRecord) {
	r.Tick, r.Modified = t.tick(), t.now.Unix()
	r.Lease = r.Lease.AfterWrite(t.now)
}

// CreateContainer implements blobstore.Store.
func (s *Store) CreateContainer(ctx context.Context, name blobstore.ContainerName, o blobstore.CreateContainerOptions) (c blobstore.Change, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return c, err
	}
	defer end()
	err = s.update(func(t *txn) error {
		if t.get(bucketContainers, containerKey(name)) != nil {
			return bloberror.New(bloberror.ContainerAlreadyExists)
		}
		r := &containerRecord{id: t.tick(), Metadata: o.Metadata, Access: o.Access}
		t.touch(r)
		t.putContainer(name, r)
		c = r.change()
		return nil
	})
	return c, err
}

// ContainerProperties implements blobstore.Store.
func (s *Store) ContainerProperties(ctx context.Context, name blobstore.ContainerName, c blobstore.AccessConditions) (p blobstore.ContainerProperties, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return p, err
	}
	defer end()
	err = s.view(func(v view) error {
		r, err := v.container(name)
		if err != nil {
			return err
		}
		now := s.now()
		p = r.properties(name, now)
		return r.Lease.CheckUse(now, c.LeaseID, blobstore.ContainerScope, false)
	})
	return p, err
}

// DeleteContainer implements blobstore.Store.
func (s *Store) DeleteContainer(ctx context.Context, name blobstore.ContainerName, c blobstore.AccessConditions) error {
	end, err := s.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	return s.update(func(t *txn) error {
		r, err := t.container(name)
		if err != nil {
			return err
		}
		if err := c.CheckWrite(r.target()); err != nil {
			return err
		}
		if err := r.Lease.CheckUse(t.now, c.LeaseID, blobstore.ContainerScope, true); err != nil {
			return err
		}
		t.delete(bucketContainers, containerKey(name))
		t.discard(trashContainer, r.id)
		return nil
	})
}

// changeContainer makes a change that moves the entity tag and needs the lease only when the request names one.
func (s *Store) changeContainer(ctx context.Context, name blobstore.ContainerName, c blobstore.AccessConditions, set func(*containerRecord)) (ch blobstore.Change, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return ch, err
	}
	defer end()
	err = s.update(func(t *txn) error {
		r, err := t.container(name)
		if err != nil {
			return err
		}
		if err := c.CheckWrite(r.target()); err != nil {
			return err
		}
		if err := r.Lease.CheckUse(t.now, c.LeaseID, blobstore.ContainerScope, false); err != nil {
			return err
		}
		set(r)
		t.touch(r)
		t.putContainer(name, r)
		ch = r.change()
		return nil
	})
	return ch, err
}

// SetContainerMetadata implements blobstore.Store.
func (s *Store) SetContainerMetadata(ctx context.Context, name blobstore.ContainerName, metadata map[string]string, c blobstore.AccessConditions) (blobstore.Change, error) {
	return s.changeContainer(ctx, name, c, func(r *containerRecord) { r.Metadata = metadata })
}

// SetContainerACL implements blobstore.Store.
func (s *Store) SetContainerACL(ctx context.Context, name blobstore.ContainerName, o blobstore.SetContainerACLOptions) (blobstore.Change, error) {
	if len(o.Policies) > blobstore.MaxAccessPolicies {
		return blobstore.Change{}, bloberror.New(bloberror.InvalidXMLDocument)
	}
	return s.changeContainer(ctx, name, o.Conditions, func(r *containerRecord) {
		r.Access, r.Policies = o.Access, o.Policies
	})
}

// pageLength is the page length that a listing asked for: 1 to MaxListPage, MaxListPage for none.
func pageLength(asked int) int {
	if asked <= 0 || asked > blobstore.MaxListPage {
		return blobstore.MaxListPage
	}
	return asked
}

// ListContainers implements blobstore.Store.
func (s *Store) ListContainers(ctx context.Context, account string, o blobstore.ListContainersOptions) (page blobstore.ContainerPage, err error) {
	end, err := s.begin(ctx)
	if err != nil {
		return page, err
	}
	defer end()
	err = s.view(func(v view) error {
		base := appendName(nil, account)
		prefix := appendEscaped(base[:len(base):len(base)], o.Prefix)
		from := prefix
		if marker := appendEscaped(base[:len(base):len(base)], o.Marker); bytes.Compare(marker, from) > 0 {
			from = marker
		}
		c := v.cursor(bucketContainers)
		for k, value := c.Seek(from); bytes.HasPrefix(k, prefix); k, value = c.Next() {
			name, _, ok := cutName(k[len(base):])
			if !ok {
				return errRecord
			}
			if len(page.Containers) == pageLength(o.Max) {
				page.NextMarker = name
				return nil
			}
			r, err := decodeContainer(value)
			if err != nil {
				return err
			}
			page.Containers = append(page.Containers, r.properties(blobstore.ContainerName{Account: account, Container: name}, s.now()))
		}
		return nil
	})
	return page, err
}
