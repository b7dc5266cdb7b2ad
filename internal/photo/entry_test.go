package photo

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func exampleEntry() entry {
	return entry{
		title: "Ærø — 夏 🌞", width: 4000, height: 3000, thumbhash: []byte{1, 2, 0xff}, content: HashContent([]byte("a file")), color: "#a0b0c0",
		details:  Details{TakenAt: time.Date(2019, 7, 1, 12, 0, 0, 0, time.UTC), Camera: "Größe X100", Place: &Place{59.33, 18.06}},
		original: stored{4000, 3000, "image/jpeg", "jpg", 3_500_000},
		variants: []stored{{320, 240, "image/webp", "webp", 12_000}, {640, 480, "image/webp", "webp", 40_000}},
		total:    3_552_000,
	}
}

func TestEntryComesBackFromMetadata(t *testing.T) {
	want := exampleEntry()
	got, err := parseEntry(want.metadata())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{}, stored{})); diff != "" {
		t.Error(diff)
	}
}

func TestEntryWithoutOriginalOrDetails(t *testing.T) {
	want := exampleEntry()
	want.original, want.details, want.color = stored{}, Details{}, ""
	metadata := want.metadata()
	for name, value := range metadata {
		if value == "" {
			delete(metadata, name) // as a service may
		}
	}
	got, err := parseEntry(metadata)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got, cmp.AllowUnexported(entry{}, stored{})); diff != "" {
		t.Error(diff)
	}
}

func TestLargestEntryFitsIntoMetadata(t *testing.T) {
	e := exampleEntry()
	e.title = strings.Repeat("🌞", MaxTitle)
	e.details.Camera = strings.Repeat("🌞", maxCamera)
	size := 0
	for name, value := range e.metadata() {
		size += len(name) + len(value)
		if strings.ContainsFunc(value, func(r rune) bool { return r < ' ' || r > '~' }) {
			t.Errorf("%s holds more than printable ASCII: %q", name, value)
		}
	}
	if const8KiB := 8 << 10; size > const8KiB {
		t.Errorf("%d bytes of metadata are more than storage takes", size)
	}
}

func TestParseEntryRefuses(t *testing.T) {
	for name, change := range map[string]func(map[string]string){
		"version":     func(m map[string]string) { m["v"] = "2" },
		"title":       func(m map[string]string) { m["title"] = "?" },
		"thumbhash":   func(m map[string]string) { m["thumbhash"] = "?" },
		"content":     func(m map[string]string) { m["content"] = "AAAA" },
		"size":        func(m map[string]string) { m["size"] = "0x1" },
		"original":    func(m map[string]string) { m["original"] = "1x1,image/jpeg,jpg" },
		"path in ext": func(m map[string]string) { m["original"] = "1x1,image/jpeg,../x,1" },
		"bytes":       func(m map[string]string) { m["variants"] = "1x1,image/webp,webp,-1" },
		"details":     func(m map[string]string) { m["details"] = "e30K!" },
		"no details":  func(m map[string]string) { m["details"] = "AAAA" },
		"total":       func(m map[string]string) { m["total"] = "" },
	} {
		t.Run(name, func(t *testing.T) {
			m := exampleEntry().metadata()
			change(m)
			if e, err := parseEntry(m); err == nil {
				t.Errorf("taken: %+v", e)
			}
		})
	}
}

func FuzzParseEntry(f *testing.F) {
	m := exampleEntry().metadata()
	f.Add(m["v"], m["title"], m["size"], m["thumbhash"], m["content"], m["original"], m["variants"], m["total"], m["details"])
	f.Fuzz(func(t *testing.T, v, title, size, thumbhash, content, original, variants, total, details string) {
		e, err := parseEntry(map[string]string{"v": v, "title": title, "size": size, "thumbhash": thumbhash, "content": content,
			"original": original, "variants": variants, "total": total, "details": details})
		if err != nil {
			return
		}
		again, err := parseEntry(e.metadata())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(e, again, cmp.AllowUnexported(entry{}, stored{})); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTitles(t *testing.T) {
	for in, want := range map[string]string{
		"IMG_1234.JPG":                      "IMG_1234",
		`C:\Users\me\Ferien\Strand.jpeg`:    "Strand",
		"../../etc/passwd":                  "passwd",
		"  two \t words\n.png":              "two words",
		"evil\u202egpj.exe":                 "evilgpj",
		"\x00\x1b[31mred.png":               "[31mred",
		"夏の海.webp":                          "夏の海",
		"no.dots.beyond.reasonable":         "no.dots.beyond.reasonable",
		"/":                                 "",
		"":                                  "",
		"family \U0001F468\u200d\U0001F469": "family \U0001F468\u200d\U0001F469",
		"\xff\xfebroken.png":                "broken",
		strings.Repeat("é", MaxTitle+1):     strings.Repeat("é", MaxTitle),
	} {
		if got := titleOf(in); got != want {
			t.Errorf("titleOf(%q) = %q, want %q", in, got, want)
		}
	}
}
