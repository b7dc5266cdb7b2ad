package blobstore

import (
	"fmt"
	"strings"
)

// tagParser is a recursive-descent parser over what is left of an expression.
type tagParser struct {
	rest      string
	size      int
	condition bool
	expr      *TagExpr
}

func (p *tagParser) errorf(format string, args ...any) error {
	return fmt.Errorf("blobstore: tag expression, byte %d: %s", p.size-len(p.rest), fmt.Sprintf(format, args...))
}

func (p *tagParser) skipSpace() { p.rest = strings.TrimLeft(p.rest, " \t") }

func (p *tagParser) or(depth int) (tagNode, error) {
	n, err := p.and(depth)
	for err == nil && p.word("OR") {
		if !p.condition {
			return nil, p.errorf("OR is not supported here")
		}
		var right tagNode
		if right, err = p.and(depth); err == nil {
			n = tagOr{n, right}
		}
	}
	return n, err
}

func (p *tagParser) and(depth int) (tagNode, error) {
	n, err := p.term(depth)
	for err == nil && p.word("AND") {
		var right tagNode
		if right, err = p.term(depth); err == nil {
			n = tagAnd{n, right}
		}
	}
	return n, err
}

func (p *tagParser) term(depth int) (tagNode, error) {
	p.skipSpace()
	if p.condition && strings.HasPrefix(p.rest, "(") {
		if depth == maxTagExprDepth {
			return nil, p.errorf("more than %d parentheses deep", maxTagExprDepth)
		}
		p.rest = p.rest[1:]
		n, err := p.or(depth + 1)
		if err != nil {
			return nil, err
		}
		if p.skipSpace(); !strings.HasPrefix(p.rest, ")") {
			return nil, p.errorf("missing )")
		}
		p.rest = p.rest[1:]
		return n, nil
	}
	key, quoted, err := p.key()
	if err != nil {
		return nil, err
	}
	op, err := p.operator()
	if err != nil {
		return nil, err
	}
	value, err := p.quoted('\'')
	if err != nil {
		return nil, err
	}
	if key == "@container" && !quoted {
		if p.condition || op != "=" {
			return nil, p.errorf("@container is only supported with = in a search")
		}
		p.expr.container = value
		return tagsContainer{value}, nil
	}
	p.expr.keys = append(p.expr.keys, key)
	return tagCompare{key, op, value}, nil
}

// key reads a tag's name: in double quotes, or a bare word of letters, digits, _ and @.
func (p *tagParser) key() (key string, quoted bool, err error) {
	if strings.HasPrefix(p.rest, `"`) {
		key, err = p.quoted('"')
		if err == nil && key == "" {
			err = p.errorf("empty tag name")
		}
		return key, true, err
	}
	n := strings.IndexFunc(p.rest, func(r rune) bool { return !isKeyRune(r) })
	if n < 0 {
		n = len(p.rest)
	}
	if n == 0 {
		return "", false, p.errorf("tag name expected")
	}
	key, p.rest = p.rest[:n], p.rest[n:]
	return key, false, nil
}

func isKeyRune(r rune) bool {
	return r == '_' || r == '@' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z'
}

func (p *tagParser) operator() (string, error) {
	p.skipSpace()
	for _, op := range []string{"<>", "<=", ">=", "=", "<", ">"} {
		if strings.HasPrefix(p.rest, op) {
			if op == "<>" && !p.condition {
				return "", p.errorf("<> is not supported here")
			}
			p.rest = p.rest[len(op):]
			return op, nil
		}
	}
	return "", p.errorf("comparison expected")
}

// quoted reads a string in quotes; a doubled quote stands for one.
func (p *tagParser) quoted(quote byte) (string, error) {
	p.skipSpace()
	if p.rest == "" || p.rest[0] != quote {
		return "", p.errorf("%q expected", quote)
	}
	var b strings.Builder
	for i := 1; i < len(p.rest); i++ {
		if p.rest[i] != quote {
			b.WriteByte(p.rest[i])
			continue
		}
		if i+1 < len(p.rest) && p.rest[i+1] == quote {
			b.WriteByte(quote)
			i++
			continue
		}
		p.rest = p.rest[i+1:]
		return b.String(), nil
	}
	return "", p.errorf("unterminated string")
}

// word reads the keyword, in any case, if it comes next and ends there.
func (p *tagParser) word(w string) bool {
	p.skipSpace()
	if len(p.rest) < len(w) || !strings.EqualFold(p.rest[:len(w)], w) {
		return false
	}
	if rest := p.rest[len(w):]; rest == "" || !isKeyRune(rune(rest[0])) {
		p.rest = rest
		return true
	}
	return false
}
