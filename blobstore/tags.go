package blobstore

import (
	"fmt"
	"slices"
	"strings"
)

// Bounds of tag expressions. Azure's own bound is the length of the query; ours keep parsing and matching cheap.
const (
	MaxTagExprSize  = 4096 // bytes
	maxTagExprDepth = 32   // nested parentheses
)

// TagExpr is a parsed expression over blob index tags: the where parameter of Find Blobs by Tags or an x-ms-if-tags
// header. Keys stand in double quotes (or bare), values in single quotes; all comparisons are of strings, byte by byte.
//
// See https://learn.microsoft.com/azure/storage/blobs/storage-manage-find-blobs
type TagExpr struct {
	root      tagNode
	container string
	keys      []string
}

// Match reports whether the expression holds for a blob with the tags in the container (for @container).
func (e *TagExpr) Match(container string, tags map[string]string) bool {
	return e.root.match(container, tags)
}

// Keys are the tags that the expression names, sorted, each once.
func (e *TagExpr) Keys() []string { return e.keys }

// Container is the container that every match must be in, empty when the expression does not say.
func (e *TagExpr) Container() string { return e.container }

// ParseTagQuery parses the where parameter of Find Blobs by Tags: comparisons with =, >, >=, <, <= joined by AND, and
// @container = 'name'.
func ParseTagQuery(s string) (*TagExpr, error) { return parseTags(s, false) }

// ParseTagCondition parses an x-ms-if-tags header: as ParseTagQuery, with <>, OR and parentheses, without @container.
func ParseTagCondition(s string) (*TagExpr, error) { return parseTags(s, true) }

// tagNode is one operator of an expression.
type tagNode interface {
	match(container string, tags map[string]string) bool
}

type (
	tagAnd        struct{ a, b tagNode }
	tagOr         struct{ a, b tagNode }
	tagCompare    struct{ key, op, value string }
	tagsContainer struct{ name string }
)

func (n tagAnd) match(c string, t map[string]string) bool { return n.a.match(c, t) && n.b.match(c, t) }
func (n tagOr) match(c string, t map[string]string) bool  { return n.a.match(c, t) || n.b.match(c, t) }

func (n tagsContainer) match(c string, _ map[string]string) bool { return c == n.name }

// match of a tag that the blob does not have is false for every operator but <>.
func (n tagCompare) match(_ string, tags map[string]string) bool {
	v, ok := tags[n.key]
	if !ok {
		return n.op == "<>"
	}
	switch cmp := strings.Compare(v, n.value); n.op {
	case "=":
		return cmp == 0
	case "<>":
		return cmp != 0
	case ">":
		return cmp > 0
	case ">=":
		return cmp >= 0
	case "<":
		return cmp < 0
	default:
		return cmp <= 0
	}
}

func parseTags(s string, condition bool) (*TagExpr, error) {
	if len(s) > MaxTagExprSize {
		return nil, fmt.Errorf("blobstore: tag expression of %d bytes, more than %d", len(s), MaxTagExprSize)
	}
	p := &tagParser{rest: s, size: len(s), condition: condition, expr: &TagExpr{}}
	root, err := p.or(0)
	p.skipSpace()
	if err == nil && p.rest != "" {
		err = p.errorf("unexpected %q", p.rest[:1])
	}
	if err != nil {
		return nil, err
	}
	p.expr.root = root
	slices.Sort(p.expr.keys)
	p.expr.keys = slices.Compact(p.expr.keys)
	return p.expr, nil
}
