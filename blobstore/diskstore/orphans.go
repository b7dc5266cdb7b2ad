package diskstore

// collectOrphans gives back the bytes that no extent names: what was written, but not acknowledged, when the process
// was killed. Segments that are written to now are looked at up to where they ended when the store was opened.
func (s *Store) collectOrphans() error {
	sizes, err := s.segments.list()
	if err != nil {
		return err
	}
	for id, size := range sizes {
		if s.reclaim.stopping() {
			return nil
		}
		if limit, ok := s.orphanLimit[id]; ok {
			size = limit
		} else if id >= s.firstNew {
			continue
		}
		removed, err := s.removeIfEmpty(id)
		if err != nil {
			return err
		}
		if removed {
			continue
		}
		gaps, err := s.gaps(id, size)
		if err == nil && len(gaps) > 0 {
			err = s.segments.punch(id, gaps)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// gapPage is how many extents are read in one transaction.
const gapPage = 10_000

// gaps returns the ranges of a segment, up to size, that no extent covers.
func (s *Store) gaps(id uint32, size int64) ([]hole, error) {
	var gaps []hole
	end := int64(0) // of the extents seen so far
	for more := true; more; {
		err := s.view(func(v view) error {
			c := v.cursor(bucketExtents)
			k, value := c.Seek(place{id, end}.key())
			for range gapPage {
				p, ok := placeOfKey(k)
				if !ok || p.segment != id || p.offset >= size {
					more = false
					return nil
				}
				e, err := decodeExtent(p, value)
				if err != nil {
					return err
				}
				if p.offset > end {
					gaps = append(gaps, hole{place{id, end}, p.offset - end})
				}
				end = align(p.offset + e.length)
				k, value = c.Next()
			}
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	if size > end {
		gaps = append(gaps, hole{place{id, end}, size - end})
	}
	return gaps, nil
}
